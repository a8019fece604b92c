// Examples stand in docs/ and import packages as an app would; theirs are the ones beside this file.
import { registerHooks } from "node:module";

registerHooks({
  resolve(specifier, context, next) {
    const bare = !specifier.startsWith(".") && !specifier.includes(":");
    return next(specifier, bare ? { ...context, parentURL: import.meta.url } : context);
  },
});
