// The statements of ../sql, with their parameters by name; each is prepared once a connection.
import { readFileSync } from "node:fs";
import pg from "pg";

pg.types.setTypeParser(20, Number); // Amounts are far below 2^53.

export function query(name) {
  const names = [];
  const source = readFileSync(new URL(`../sql/${name}.sql`, import.meta.url), "utf8");
  const text = source.replace(/(?<!:):([a-z_]+)/g, (_, parameter) => {
    if (!names.includes(parameter)) names.push(parameter);
    return `$${names.indexOf(parameter) + 1}`;
  });
  return async (pool, values) => {
    const given = names.map((parameter) => values[parameter]);
    return (await pool.query({ name, text, values: given })).rows;
  };
}

export function openPool(database, size) {
  return new pg.Pool({
    ...database,
    min: size,
    max: size,
    idleTimeoutMillis: 0,
    // The statements are large and their plans do not depend on values.
    options: "-c plan_cache_mode=force_generic_plan",
  });
}
