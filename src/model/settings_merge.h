// Local and dynamic documents to the effective one: who may set what, and who wins (configuration.md 1.7, 1.8). Values
// are not looked at, except postgresql.parameters, which is left out: see model/settings_parameters.h. Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/settings_load.h"

namespace tamada {

struct EffectiveDocument {
  json::object document;
  Origins origins;
  std::vector<std::string> warnings;  // what has no effect where it stands, unknown names, names that do not act yet
};

EffectiveDocument merge_documents(const json::object& local, const Origins& local_origins, const json::object& dynamic,
                                  const std::string& dynamic_source);

// Old layouts to today's (configuration.md 1.7 step C): postgresql.replication, postgresql.name, zookeeper.exhibitor,
// restapi.auth and so on.
void modernize_local_document(json::object& document, Origins& origins, std::vector<std::string>& warnings);

// Names of the replica methods and of the bootstrap method: their sections have free names.
std::set<std::string> replica_method_names(const json::object& local, const json::object& dynamic);

// "a mapping", "a list", or the value itself in quotes; "a secret" for passwords.
std::string describe_value(std::string_view path, const json::value& value);

// The member when it is there and not null.
const json::value* find_value(const json::object& object, std::string_view key);
// The member when it is a mapping.
const json::object* find_mapping(const json::object& object, std::string_view key);

}  // namespace tamada
