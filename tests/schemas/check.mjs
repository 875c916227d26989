// Checks documents against JSON Schemas for the tests: a request a line in, an answer a line out, in order.
//   {"add": NAME, "schema": {…}, "dialect": "2020-12"|"draft-07", "closed": true}    closed: a member that no schema names is an error
//   {"addFile": PATH}                                                               JSON or YAML, under its $id
//   {"check": NAME#POINTER, "text": "…"}                                            JSON, or YAML with "yaml": true
// Answers: {"errors": ["…"]}; {"failed": "…"} where the request itself was wrong.
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";
import Ajv from "ajv";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";

const options = { strict: false, allErrors: true, validateSchema: false };
const dialects = { "2020-12": new Ajv2020(options), "draft-07": new Ajv(options) };
Object.values(dialects).forEach((ajv) => addFormats(ajv).addFormat("media-range", true));
const dialectOf = new Map();

/** An object schema that lists its members and says nothing of others (in JSON Schema's words or Kubernetes') allows no others. */
function close(schema) {
  if (Array.isArray(schema)) return schema.map(close);
  if (typeof schema !== "object" || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, ["const", "enum", "examples", "example"].includes(key) ? value : close(value)]));
  const isSchema = copy.type === "object" && typeof copy.properties === "object";
  const isOpen = "additionalProperties" in copy || "patternProperties" in copy || copy["x-kubernetes-preserve-unknown-fields"] === true;
  return isSchema && !isOpen ? { ...copy, additionalProperties: false } : copy;
}

function add(name, schema, dialect = "2020-12") {
  dialects[dialect].addSchema(schema, name);
  dialectOf.set(name, dialect);
}

/**
 * OpenAPI leaves it open what a Schema Object is, by $dynamicRef to "#meta". ajv follows such a reference only where it is recursive, so
 * it is said here: JSON Schema 2020-12.
 */
function settle(schema) {
  if (Array.isArray(schema)) return schema.map(settle);
  if (typeof schema !== "object" || schema === null) return schema;
  if (schema.$dynamicRef === "#meta") return { $ref: "https://json-schema.org/draft/2020-12/schema" };
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, settle(value)]));
}

function answer(request) {
  if (request.addFile) {
    const schema = settle(parse(readFileSync(request.addFile, "utf8")));
    add(request.add ?? schema.$id, schema, request.dialect);
    return { errors: [] };
  }
  if (request.add) {
    add(request.add, request.closed ? close(request.schema) : request.schema, request.dialect);
    return { errors: [] };
  }
  const dialect = dialectOf.get(request.check.split("#")[0]);
  const validate = dialects[dialect]?.getSchema(request.check);
  if (!validate) return { failed: `There is no schema ${request.check}.` };
  const document = request.yaml ? parse(request.text) : JSON.parse(request.text);
  return { errors: validate(document) ? [] : validate.errors.map((error) => `${error.instancePath || "/"} ${error.message} ${JSON.stringify(error.params)}`) };
}

for await (const line of createInterface({ input: process.stdin })) {
  let said;
  try {
    said = answer(JSON.parse(line));
  } catch (error) {
    said = { failed: String(error) };
  }
  process.stdout.write(JSON.stringify(said) + "\n");
}
