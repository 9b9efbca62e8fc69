// JSON values (Boost.JSON) with the texts that peers and scripts know: Python's separators, escapes and floats.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/result.h"

namespace tamada {

namespace json = boost::json;

enum class JsonStyle {
  Compact,  // {"a":1,"b":[1,2]}: what is stored
  Spaced,   // {"a": 1, "b": [1, 2]}: what REST answers
};

// Text as Python's json.dumps writes it: non-ASCII as \uXXXX, floats by repr (1.0, 1e+22), NaN and Infinity.
// Key order is kept.
std::string to_json(const json::value& value, JsonStyle style);

// Parses one document; trailing white space is allowed, anything else after it is an error. Error: Invalid, with the
// byte offset and what was expected.
Result<json::value> parse_json(std::string_view text);

// False for what Python counts as false: null, false, 0, "" and empty containers.
bool is_truthy(const json::value& value);

}  // namespace tamada
