-- The whole schema as statements, one a row, in the order in which things were made.
--
-- Needs an empty search_path, so that PostgreSQL writes every name in full. Object ids rise with
-- time within one database, so tables, functions and types come out in an order that can be
-- replayed over empty schemas. Left out: the not-null constraints that PostgreSQL 18 lists beside the columns, and
-- what PostgreSQL makes by itself (indexes of constraints, array types).
with
place as (
    select oid, nspname, nspacl
    from pg_catalog.pg_namespace where nspname in ('public', 'runtime')
),
relation as (
    select c.oid, c.relname, c.relkind, c.relacl, c.relowner, c.relrowsecurity,
        c.relforcerowsecurity, c.reloptions, place.nspname,
        format('%I.%I', place.nspname, c.relname) as full_name
    from pg_catalog.pg_class as c join place on place.oid = c.relnamespace
    where c.relkind in ('r', 'v')
),
line as (
    select a.attrelid as oid, 1 as rank, a.attnum::text as name, a.attnum as number,
        format('%I %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod))
        || case when a.attidentity = 'a' then ' generated always as identity' else '' end
        || case a.attgenerated
            when 's' then
                format(' generated always as (%s) stored',
                    pg_catalog.pg_get_expr(d.adbin, d.adrelid))
            else coalesce(' default ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid), '')
        end
        || case when a.attnotnull then ' not null' else '' end as text
    from pg_catalog.pg_attribute as a
    join relation on relation.oid = a.attrelid and relation.relkind = 'r'
    left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attnum > 0 and not a.attisdropped
    union all
    select con.conrelid, case con.contype when 'p' then 2 when 'u' then 3 when 'x' then 4 else 5 end,
        con.conname, 0,
        format('constraint %I %s', con.conname, pg_catalog.pg_get_constraintdef(con.oid))
    from pg_catalog.pg_constraint as con join relation on relation.oid = con.conrelid
    where con.contype in ('p', 'u', 'x', 'c', 'f')
),
statement as (
    select t.oid, 0 as rank, t.typname::text as name,
        format('create type %I.%I as range (subtype = %s)', place.nspname, t.typname,
            pg_catalog.format_type(r.rngsubtype, null)) as text
    from pg_catalog.pg_type as t
    join place on place.oid = t.typnamespace
    join pg_catalog.pg_range as r on r.rngtypid = t.oid
    union all
    select p.oid, 0, p.proname, btrim(pg_catalog.pg_get_functiondef(p.oid), E'\n')
    from pg_catalog.pg_proc as p join place on place.oid = p.pronamespace
    where not exists (
        select from pg_catalog.pg_depend as d
        where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i'
    )
    union all
    select relation.oid, 0, relation.relname, format(E'create table %s (\n    %s\n)',
        relation.full_name,
        string_agg(line.text, E',\n    ' order by line.rank, line.number, line.name))
    from relation join line using (oid)
    group by relation.oid, relation.relname, relation.full_name
    union all
    select oid, 0, relname, format(E'create view %s%s as\n%s', full_name,
        coalesce(' with (' || array_to_string(reloptions, ', ') || ')', ''),
        rtrim(pg_catalog.pg_get_viewdef(oid), ';'))
    from relation where relkind = 'v'
    union all
    select i.indrelid, 1, c.relname, pg_catalog.pg_get_indexdef(i.indexrelid)
    from pg_catalog.pg_index as i
    join relation on relation.oid = i.indrelid
    join pg_catalog.pg_class as c on c.oid = i.indexrelid
    where not exists (
        select from pg_catalog.pg_constraint as con where con.conindid = i.indexrelid
    )
    union all
    select t.tgrelid, 2, t.tgname, pg_catalog.pg_get_triggerdef(t.oid)
    from pg_catalog.pg_trigger as t join relation on relation.oid = t.tgrelid
    where not t.tgisinternal
    union all
    select oid, 3, '', format(E'alter table %1$s enable row level security%2$s', full_name,
        case when relforcerowsecurity
            then format(E';\nalter table %s force row level security', full_name) else '' end)
    from relation where relrowsecurity
    union all
    select relation.oid, 4, p.policyname, format(
        E'create policy %I on %s%s for %s to %s\n    using (%s)%s', p.policyname,
        relation.full_name, case p.permissive when 'RESTRICTIVE' then ' as restrictive' else '' end,
        lower(p.cmd), array_to_string(p.roles, ', '), p.qual,
        coalesce(' with check (' || p.with_check || ')', ''))
    from pg_catalog.pg_policies as p
    join relation on relation.nspname = p.schemaname and relation.relname = p.tablename
    union all
    select 0, 5, nspname || grantee, format('grant %s on schema %I to %s',
        string_agg(lower(privilege_type), ', ' order by privilege_type), nspname, grantee)
    from (
        select nspname, a.privilege_type, a.grantee::regrole as grantee
        from place, aclexplode(nspacl) as a
    ) as granted
    where grantee::text in ('lastlight_owner', 'lastlight_writer', 'lastlight_reader')
        and not (nspname = 'runtime' and grantee::text = 'lastlight_owner')
    group by nspname, grantee
    union all
    select oid, 5, grantee::text, format('grant %s on %s to %s',
        string_agg(lower(privilege_type), ', ' order by privilege_type), full_name, grantee)
    from (
        select relation.oid, full_name, a.privilege_type, a.grantee::regrole as grantee
        from relation, aclexplode(relation.relacl) as a
        where a.grantee <> relation.relowner
    ) as granted
    group by oid, full_name, grantee
    union all
    select oid, 6, grantee::text, format('grant %s (%s) on %s to %s', privilege,
        string_agg(format('%I', attname), ', ' order by attnum), full_name, grantee)
    from (
        select relation.oid, full_name, a.attname, a.attnum,
            lower(acl.privilege_type) as privilege, acl.grantee::regrole as grantee
        from pg_catalog.pg_attribute as a
        join relation on relation.oid = a.attrelid, aclexplode(a.attacl) as acl
    ) as granted
    group by oid, full_name, privilege, grantee
)
select text || ';' as text
from statement
-- What hangs on tables (policies, grants) comes last: it may speak of things made after them.
order by case when rank >= 2 then rank else 0 end, oid, rank, name
