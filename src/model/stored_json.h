// Tolerant reading of the documents that members keep in the store: a field of the wrong type counts as absent.
// Kubernetes keeps numbers and lists as text, so both spellings are read. Pure; not for settings, which report what is
// wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace tamada::stored {

// nullopt: no JSON, or something else than an object.
std::optional<json::object> object_of(std::string_view text);
std::optional<json::array> array_of(std::string_view text);

// A whole number >= 0, also as decimal text; nullopt for everything else.
std::optional<std::uint64_t> number_of(const json::value& value);
std::optional<std::uint64_t> number_of(std::string_view text);

// Empty unless the field is a string.
std::string text_field(const json::object& object, std::string_view key);
// 0 unless the field is a whole number >= 0.
std::uint64_t number_field(const json::object& object, std::string_view key);
// True only for a JSON true.
bool true_field(const json::object& object, std::string_view key);
// The field as an object, or as text that holds one; nullopt otherwise.
std::optional<json::object> object_field(const json::object& object, std::string_view key);
std::optional<json::array> array_field(const json::object& object, std::string_view key);

}  // namespace tamada::stored
