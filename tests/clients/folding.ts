// Folds lists of events that it is told, line by line, by the table in the first line.
import { createInterface } from "node:readline";
import { fold, type Envelope, type FoldTable, type View } from "../../docs/examples/fold.ts";

let table: FoldTable | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if (table === undefined) {
    table = told as FoldTable;
    continue;
  }
  let view: View = told.view;
  for (const event of told.events as Envelope[]) view = fold(table, view, event);
  console.log(JSON.stringify(view));
}
