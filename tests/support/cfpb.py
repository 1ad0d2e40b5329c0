"""One row of the complaint database that the mapping `cfpb` reads."""

HEADER = (
    "Date received,Product,Sub-product,Issue,Sub-issue,Consumer complaint narrative,Company public response,Company,"
    "State,ZIP code,Tags,Consumer consent provided?,Submitted via,Date sent to company,Company response to consumer,"
    "Timely response?,Consumer disputed?,Complaint ID"
)
ROW = (
    "2012-01-13,Credit card,,Collection practices,,,,ACME,CO,80130,,N/A,Web,2012-01-14,Closed without relief,Yes,No,"
    "69978"
)
