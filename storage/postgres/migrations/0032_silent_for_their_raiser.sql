-- A silent alarm is on no screen of its raiser while it is open, whatever else they may see (Rule 8):
-- whoever forces them looks at it too. Its timeline follows it.

create policy silent on incidents as restrictive for select to lastlight_reader
    using (
        not silent or status in ('resolved', 'false_alarm')
        or raised_by is distinct from (select caller_id())
    );
