#include "model/tags.h"

#include <array>

#include "base/python_text.h"
#include "base/units.h"

namespace tamada {

namespace {

const json::value* find(const json::object& tags, std::string_view name) {
  const json::value* value = tags.if_contains(name);
  return value != nullptr && !value->is_null() ? value : nullptr;
}

// Peers read tags loosely: zero, empty and false are false, every other value is true, the text "false" too.
bool truthy(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return false;
    case json::kind::bool_:
      return value.get_bool();
    case json::kind::int64:
      return value.get_int64() != 0;
    case json::kind::uint64:
      return value.get_uint64() != 0;
    case json::kind::double_:
      return value.get_double() != 0;
    case json::kind::string:
      return !value.get_string().empty();
    case json::kind::array:
      return !value.get_array().empty();
    case json::kind::object:
      return !value.get_object().empty();
  }
  return false;
}

bool flag(const json::object& tags, std::string_view name) {
  const json::value* value = find(tags, name);
  return value != nullptr && truthy(*value);
}

std::optional<int> number(const json::object& tags, std::string_view name) {
  const json::value* value = find(tags, name);
  if (value == nullptr || value->is_bool()) return std::nullopt;
  const auto parsed = parse_integer(python_text(*value));
  if (!parsed || *parsed > 1'000'000'000 || *parsed < -1'000'000'000) return std::nullopt;
  return static_cast<int>(*parsed);
}

struct Pair {
  std::string_view boolean;
  std::string_view priority;
};
constexpr Pair kFailover{"nofailover", "failover_priority"};
constexpr Pair kSync{"nosync", "sync_priority"};

// The boolean wins over the number when both are there.
bool excluded(const json::object& tags, const Pair& pair) {
  if (find(tags, pair.boolean) != nullptr) return flag(tags, pair.boolean);
  const auto priority = number(tags, pair.priority);
  return priority && *priority <= 0;
}

int priority(const json::object& tags, const Pair& pair) {
  return excluded(tags, pair) ? 0 : number(tags, pair.priority).value_or(1);
}

// A false boolean is silent, unless it contradicts a priority that is published beside it.
bool is_published(const json::object& tags, std::string_view name, const json::value& value) {
  constexpr std::array kBooleans{"clonefrom", "nofailover", "noloadbalance", "nosync", "nostream"};
  for (const char* boolean : kBooleans) {
    if (name != boolean || truthy(value)) continue;
    if (name == kFailover.boolean) return find(tags, kFailover.priority) != nullptr;
    if (name == kSync.boolean) return find(tags, kSync.priority) != nullptr;
    return false;
  }
  return true;
}

}  // namespace

bool Tags::nofailover() const {
  return excluded(raw, kFailover);
}
int Tags::failover_priority() const {
  return priority(raw, kFailover);
}
bool Tags::noloadbalance() const {
  return flag(raw, "noloadbalance");
}
bool Tags::clonefrom() const {
  return flag(raw, "clonefrom");
}
bool Tags::nosync() const {
  return excluded(raw, kSync);
}
int Tags::sync_priority() const {
  return priority(raw, kSync);
}

// The one tag that is read strictly: the text "false" is false.
bool Tags::nostream() const {
  const json::value* value = find(raw, "nostream");
  return value != nullptr && parse_boolean(python_text(*value)).value_or(false);
}

std::optional<std::string> Tags::replicatefrom() const {
  const json::value* value = find(raw, "replicatefrom");
  if (value == nullptr || !truthy(*value)) return std::nullopt;
  return python_text(*value);
}

json::object Tags::published() const {
  json::object out;
  for (const auto& [name, value] : raw) {
    if (is_published(raw, name, value)) out[name] = value;
  }
  return out;
}

}  // namespace tamada
