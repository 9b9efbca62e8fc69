#include "model/stored_json.h"

#include <charconv>

namespace tamada::stored {

std::optional<json::object> object_of(std::string_view text) {
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return std::move(parsed->get_object());
}

std::optional<json::array> array_of(std::string_view text) {
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_array()) return std::nullopt;
  return std::move(parsed->get_array());
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> number_of(const json::value& value) {
  if (const auto* u = value.if_uint64()) return *u;
  if (const auto* i = value.if_int64(); i != nullptr && *i >= 0) return static_cast<std::uint64_t>(*i);
  if (const auto* s = value.if_string()) return number_of(std::string_view(*s));
  return std::nullopt;
}

std::string text_field(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

std::uint64_t number_field(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? 0 : number_of(*value).value_or(0);
}

bool true_field(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  const bool* flag = value == nullptr ? nullptr : value->if_bool();
  return flag != nullptr && *flag;
}

std::optional<json::object> object_field(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* inner = value->if_object()) return *inner;
  if (const auto* text = value->if_string()) return object_of(*text);
  return std::nullopt;
}

std::optional<json::array> array_field(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* inner = value->if_array()) return *inner;
  if (const auto* text = value->if_string()) return array_of(*text);
  return std::nullopt;
}

}  // namespace tamada::stored
