"""Comments of any source as insights: ratings in words are read on their scale."""

from dataclasses import replace

import duckdb

from lhs_pipeline.analysis.insights import make_insights
from lhs_pipeline.catalogue.reader import read_catalogue

SCALE = ("Very good", "Good", "Neither", "Poor", "Very poor", "Don't know")


def test_a_rating_in_words_has_the_place_on_its_scale_and_the_side_of_it() -> None:
    catalogue = read_catalogue()
    source = catalogue.sources["friends_and_family"]
    assert source.voices is not None
    spoken = replace(source, voices=replace(source.voices, rating_scale=SCALE))
    query = make_insights(replace(catalogue, sources={spoken.id: spoken})).query
    with duckdb.connect() as con:
        con.execute("create schema collection")
        con.execute(
            "create table collection.friends_and_family as select id as response_id, "
            "'ward_01' as unit_id, date '2026-06-01' as received_on, said as rating, 'late' as "
            "comment, 'f.csv' as source_file, 1 as source_row from (values ('a', 'Very good'), "
            "('b', ' very POOR'), ('c', 'Don''t know'), ('d', 'other'), ('e', null)) t(id, said)"
        )
        found = con.execute(f"select rating, presumed_side from ({query}) order by insight_id")
        assert found.fetchall() == [(1, 1), (5, -1), (6, None), (None, None), (None, None)]
