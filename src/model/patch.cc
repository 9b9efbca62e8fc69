#include "model/patch.h"

#include "base/python_text.h"

namespace tamada {

namespace {

bool patch_member(json::object& target, std::string_view key, const json::value& value) {
  auto* found = target.find(key);
  if (value.is_null()) {
    if (found == target.end()) return false;
    const bool had_value = !found->value().is_null();
    target.stable_erase(found);  // the order of the document is the operator's
    return had_value;
  }
  if (found == target.end()) {
    target.emplace(key, value);
    return true;
  }
  json::value& old = found->value();
  if (value.is_object() && old.is_object()) return patch_config(old.get_object(), value.get_object());
  if (value.kind() == old.kind() || (!value.is_structured() && !old.is_structured())) {
    if (python_text(value) == python_text(old)) return false;
  }
  old = value;
  return true;
}

bool equal_objects(const json::object& a, const json::object& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [key, value] : a) {
    const json::value* other = b.if_contains(key);
    if (other == nullptr || !deep_equal(value, *other)) return false;
  }
  return true;
}

}  // namespace

bool patch_config(json::object& target, const json::object& patch) {
  bool changed = false;
  for (const auto& [key, value] : patch) changed = patch_member(target, key, value) || changed;
  return changed;
}

bool deep_equal(const json::value& a, const json::value& b) {
  if (a.is_object() && b.is_object()) return equal_objects(a.get_object(), b.get_object());
  if (a.is_structured() != b.is_structured() || a.is_object() != b.is_object()) return false;
  return python_text(a) == python_text(b);
}

}  // namespace tamada
