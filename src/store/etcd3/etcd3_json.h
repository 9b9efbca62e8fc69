// Reading the gateway's JSON. Private to the codec.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "store/etcd3/etcd3_codec.h"

namespace tamada::etcd3 {

std::optional<json::value> first_document(std::string_view body);
// The first of the fields that is a text (a number, or a text that is one).
std::optional<std::string> text_of(const json::object& o, std::initializer_list<std::string_view> names);
std::optional<std::int64_t> number_of(const json::object& o, std::initializer_list<std::string_view> names);
// One line of printable characters, cut to what fits into a log line.
std::string printable(std::string_view text);
bool is_error(const json::object& answer);
Fault fault_of_error(const json::object& error, int http_status);

}  // namespace tamada::etcd3
