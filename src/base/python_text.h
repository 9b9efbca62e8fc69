// The text forms of values as Python's str() and repr() give them. PostgreSQL's files, comparison of documents and
// messages of the peers are made of them (configuration.md 1.3, 1.11).
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace tamada {

// Shortest text that reads back as the same number: 1.0, 0.1, 1e+22, 1e-05, inf, -inf, nan.
std::string python_float(double value);

// repr() of a string: quotes, escapes. Text that is no UTF-8 shows U+FFFD for each bad byte.
std::string python_quoted(std::string_view text);

// str(): None, True, False, numbers, strings as they are, lists and mappings in Python's notation.
std::string python_text(const json::value& value);

// repr(): like python_text, strings quoted.
std::string python_repr(const json::value& value);

}  // namespace tamada
