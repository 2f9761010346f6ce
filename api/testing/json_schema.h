#pragma once

// As much of JSON Schema 2020-12 as our OpenAPI document uses: does a value match? What a schema
// says beyond that is an error of the schema.

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace hark {

class JsonSchemaChecker {
 public:
  using Json = nlohmann::ordered_json;

  explicit JsonSchemaChecker(const Json& document) : document_(document) {}

  // What does not match, a line each: "/places/0/port: no integer".
  std::vector<std::string> Check(const Json& schema, const Json& value) {
    errors_.clear();
    Visit(schema, value, "");
    return errors_;
  }

 private:
  static bool IsOfType(const std::string& type, const Json& value) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_boolean();
    return type == "null" && value.is_null();
  }

  void Say(const std::string& where, const std::string& what) {
    errors_.push_back(where + ": " + what);
  }

  void CheckType(const Json& type, const Json& value, const std::string& where) {
    if (type.is_string() && IsOfType(type, value)) return;
    if (type.is_array()) {
      for (const Json& one : type) {
        if (IsOfType(one, value)) return;
      }
    }
    Say(where, "no " + type.dump() + " but " + value.dump().substr(0, 100));
  }

  void CheckObject(const Json& schema, const Json& value, const std::string& where) {
    const Json none = Json::object();
    const Json& properties = schema.contains("properties") ? schema["properties"] : none;
    for (const auto& [name, member] : value.items()) {
      if (properties.contains(name)) {
        Visit(properties[name], member, where + "/" + name);
      } else if (schema.contains("additionalProperties")) {
        const Json& others = schema["additionalProperties"];
        if (others.is_object()) {
          Visit(others, member, where + "/" + name);
        } else if (!others.get<bool>()) {
          Say(where, "has " + name + ", which is not documented");
        }
      }
    }
    if (!schema.contains("required")) return;
    for (const Json& name : schema["required"]) {
      if (!value.contains(name.get<std::string>())) Say(where, "has no " + name.dump());
    }
  }

  void CheckOneOf(const Json& schemas, const Json& value, const std::string& where) {
    int matching = 0;
    for (const Json& schema : schemas) {
      JsonSchemaChecker inner(document_);
      if (inner.Check(schema, value).empty()) ++matching;
    }
    if (matching != 1) Say(where, std::to_string(matching) + " of oneOf match");
  }

  void Visit(const Json& schema, const Json& value, const std::string& where) {
    static const std::set<std::string> kKnown = {
        "$ref",    "type",    "properties", "required",    "additionalProperties",
        "items",   "enum",    "oneOf",      "description", "format",
        "minimum", "default", "maximum"};
    for (const auto& [word, unused] : schema.items()) {
      if (!kKnown.contains(word)) Say(where, "the schema says " + word);
    }
    if (schema.contains("$ref")) {
      const std::string pointer = schema["$ref"].get<std::string>().substr(1);
      const Json::json_pointer at(pointer);
      if (!document_.contains(at)) return Say(where, "no schema " + pointer);
      return Visit(document_[at], value, where);
    }
    if (schema.contains("type")) CheckType(schema["type"], value, where);
    if (schema.contains("oneOf")) CheckOneOf(schema["oneOf"], value, where);
    if (schema.contains("enum")) {
      bool found = false;
      for (const Json& one : schema["enum"]) found = found || one == value;
      if (!found) Say(where, value.dump() + " is not among those it may be");
    }
    if (value.is_object()) CheckObject(schema, value, where);
    if (value.is_array() && schema.contains("items")) {
      for (size_t i = 0; i < value.size(); ++i) {
        Visit(schema["items"], value[i], where + "/" + std::to_string(i));
      }
    }
  }

  const Json& document_;
  std::vector<std::string> errors_;
};

}  // namespace hark
