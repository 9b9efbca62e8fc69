#include "base/python_text.h"
#include "model/settings_merge.h"

namespace tamada {

namespace {

class Modernizer {
 public:
  Modernizer(json::object& document, Origins& origins, std::vector<std::string>& warnings)
      : document_(document), origins_(origins), warnings_(warnings) {}

  void run() {
    sections_that_must_be_mappings();
    exhibitor_inside_zookeeper();
    literal_rest_credentials();
    move_up("postgresql", "name");
    move_up("postgresql", "scope");
    if (json::object* postgresql = section("postgresql")) authentication(*postgresql);
    for (const char* store : {"etcd", "etcd3", "consul", "zookeeper"}) {
      for (const char* key : {"scope", "namespace", "name"}) move_up(store, key);
      for (const char* key : {"ttl", "loop_wait", "retry_timeout"}) drop_time(store, key);
    }
  }

 private:
  json::object* section(std::string_view name) {
    json::value* value = document_.if_contains(name);
    return value == nullptr ? nullptr : value->if_object();
  }

  // A section that is empty or null counts as an empty mapping.
  void sections_that_must_be_mappings() {
    for (auto& [key, value] : document_) {
      if (value.is_null()) value = json::object();
    }
  }

  void exhibitor_inside_zookeeper() {
    json::object* zookeeper = section("zookeeper");
    const json::value* exhibitor = zookeeper == nullptr ? nullptr : find_value(*zookeeper, "exhibitor");
    if (exhibitor == nullptr) return;
    const json::value moved = *exhibitor;
    set("exhibitor", document_, "exhibitor", moved, "zookeeper.exhibitor");
    document_.erase("zookeeper");
  }

  void literal_rest_credentials() {
    json::object* restapi = section("restapi");
    const json::value* auth = restapi == nullptr ? nullptr : find_value(*restapi, "auth");
    if (auth == nullptr || !auth->is_string()) return;
    const std::string text(auth->get_string());
    const std::size_t colon = text.find(':');
    if (find_mapping(*restapi, "authentication") == nullptr && colon != text.npos) {
      const json::value made = json::object{{"username", text.substr(0, colon)}, {"password", text.substr(colon + 1)}};
      set("restapi.authentication", *restapi, "authentication", made, "restapi.auth");
    }
    restapi->erase("auth");
  }

  // The oldest layouts had the cluster's name inside other sections; the top-level one wins.
  void move_up(const std::string& from, std::string_view key) {
    const json::object* source = section(from);
    const json::value* value = source == nullptr ? nullptr : find_value(*source, key);
    if (value == nullptr) return;
    const json::value moved = *value;
    if (find_value(document_, key) == nullptr) set(std::string(key), document_, key, moved, join_key(from, key));
    section(from)->erase(key);
  }

  void drop_time(const std::string& store, std::string_view key) {
    json::object* keys = section(store);
    if (keys == nullptr || find_value(*keys, key) == nullptr) return;
    warnings_.push_back(join_key(store, key) + " has no effect: only the dynamic configuration sets " +
                        std::string(key));
    keys->erase(key);
  }

  void authentication(json::object& postgresql) {
    const json::object* rewind = find_mapping(postgresql, "pg_rewind");
    if (find_mapping(postgresql, "authentication") == nullptr) {
      const bool old_layout = find_mapping(postgresql, "replication") != nullptr ||
                              find_mapping(postgresql, "superuser") != nullptr || rewind != nullptr;
      if (!old_layout) return;
      json::object made;
      for (const char* user : {"replication", "superuser"}) {
        if (const json::object* entry = find_mapping(postgresql, user)) made[user] = *entry;
      }
      set("postgresql.authentication", postgresql, "authentication", made, "postgresql.replication and superuser");
      set("postgresql.use_pg_rewind", postgresql, "use_pg_rewind", json::value(rewind != nullptr),
          "postgresql.pg_rewind");
    }
    json::object& users = postgresql.at("authentication").get_object();
    rewind = find_mapping(postgresql, "pg_rewind");
    if (find_mapping(users, "superuser") == nullptr && rewind != nullptr) {
      const json::value entry = *rewind;
      set("postgresql.authentication.superuser", users, "superuser", entry, "postgresql.pg_rewind");
    }
    for (const char* old : {"replication", "superuser", "pg_rewind"}) postgresql.erase(old);
  }

  void set(const std::string& path, json::object& target, std::string_view key, const json::value& value,
           const std::string& old_place) {
    target[key] = value;
    record_origins(origins_, path, value, "local configuration, " + old_place);
  }

  json::object& document_;
  Origins& origins_;
  std::vector<std::string>& warnings_;
};

}  // namespace

void modernize_local_document(json::object& document, Origins& origins, std::vector<std::string>& warnings) {
  Modernizer(document, origins, warnings).run();
}

}  // namespace tamada
