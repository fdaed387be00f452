"""What quality teams read: published tables, one workbook, a static site and trails.

Judgement lives in the five steps; nothing here decides, it only says.
"""
