-- analytics.case_fields_v1: One row per field of the company's own that a complaint has, as last set. A field that
-- holds a text has a row, too, without the text. Rows follow the unit of the case as it is now.
SELECT
    v.stream AS case_id,  -- Opaque id of the complaint, the same in all views.
    k.business_unit,  -- The unit that answers for the complaint now; rows are shown by it.
    v.field,  -- Name of the field, as declared.
    v.kind,  -- code, number, date, boolean, money or text.
    v.code,  -- The value of a code.
    v.number,  -- The value of a number, the amount of money.
    v.day,  -- The value of a date.
    v.flag,  -- The value of a boolean.
    v.currency,  -- ISO 4217 code of money.
    v.set_at,  -- When it was set, in world time.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {case_fields.values} AS v LEFT JOIN {cases.list} AS k ON k.stream = v.stream CROSS JOIN {freshness.case_fields} AS f
WHERE {visible k.business_unit};
