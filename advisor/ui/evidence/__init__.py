"""The tabs of the Evidence page but the outcome map: what is stored, how it got in.

store_tables  one table with filters; a row opens its run or report
reports       what others say, with the verdict of our runs
queries       the box for SQL, with what there is to ask for
kept_queries  queries kept under a name, and those that were run
importing     runs from a file: asked for what it lacks, shown, then kept
telling       a run that a person made, in a form
"""
