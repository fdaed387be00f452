"""What people talk about on each type of unit when nothing special happens."""

GENERAL = {
    "staffing_levels": 1.4,
    "staff_wellbeing": 1.1,
    "equipment": 1.2,
    "communication": 1.2,
    "medication_safety": 0.8,
}
EMERGENCY = {"emergency_flow": 1.6, "infection_prevention": 0.4, "patient_experience": 0.5}
TALK = {
    "ward": GENERAL
    | {
        "falls": 0.6,
        "pressure_damage": 0.6,
        "infection_prevention": 0.7,
        "readmission": 0.25,
        "vte_prevention": 0.3,
        "discharge": 0.8,
        "patient_experience": 0.9,
    },
    "intensive_care": GENERAL | {"infection_prevention": 0.7, "pressure_damage": 0.5},
    "emergency_department": GENERAL | EMERGENCY,
    "urgent_treatment_centre": GENERAL | EMERGENCY,
    "theatre": {**GENERAL, "medication_safety": 0.2, "theatre_flow": 2.0},
    "community_team": {**GENERAL, "community_access": 1.6, "pressure_damage": 0.4},
}
# Patients seldom remark on what they cannot see, and often on what they were told.
PATIENT_FACTORS = {
    "staff_wellbeing": 0.15,
    "equipment": 0.3,
    "communication": 1.6,
    "patient_experience": 2.5,
    "vte_prevention": 0.3,
}


def staff_weights(unit_type: str) -> dict[str, float]:
    """How often staff of a type of unit speak of each topic."""
    return TALK[unit_type]


def patient_weights(unit_type: str) -> dict[str, float]:
    """How often patients of a type of unit speak of each topic."""
    talk = TALK[unit_type] | {"patient_experience": 0.9}
    return {topic: weight * PATIENT_FACTORS.get(topic, 1.0) for topic, weight in talk.items()}
