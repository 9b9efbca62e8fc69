#include "api/config_patch.h"

#include "base/python_text.h"

namespace tamada {

namespace {

void merge(json::object& target, std::string_view key, const json::value& change, bool& changed) {
  json::value* old = target.if_contains(key);
  if (change.is_null()) {
    if (old == nullptr) return;
    // Stable erase: the order of the document is the operator's.
    target.stable_erase(key);
    changed = true;
  } else if (old == nullptr) {
    target.emplace(key, change);
    changed = true;
  } else if (change.is_object() && old->is_object()) {
    old->get_object() = patched_config(std::move(old->get_object()), change.get_object(), changed);
  } else if (change.is_object() || python_text(*old) != python_text(change)) {
    *old = change;
    changed = true;
  }
}

}  // namespace

json::object patched_config(json::object target, const json::object& patch, bool& changed) {
  for (const auto& [key, value] : patch) merge(target, key, value, changed);
  return target;
}

bool same_config(const json::value& a, const json::value& b) {
  if (a.is_object() != b.is_object()) return false;
  if (!a.is_object()) return python_text(a) == python_text(b);
  const json::object& left = a.get_object();
  const json::object& right = b.get_object();
  if (left.size() != right.size()) return false;
  for (const auto& [key, value] : left) {
    const json::value* other = right.if_contains(key);
    if (other == nullptr || !same_config(value, *other)) return false;
  }
  return true;
}

}  // namespace tamada
