-- What is done for people in the tables, besides what their actors do.

-- name: scrub_person
-- Take out what no actor holds of an erased person. $1: user, $2: pseudonym.
select scrub_person($1, $2);
