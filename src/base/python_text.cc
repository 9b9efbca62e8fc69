#include "base/python_text.h"

#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/utf8.h"

namespace tamada {

namespace {

// "d.ddde+XX" of to_chars, taken apart.
struct Decimal {
  bool negative = false;
  std::string digits;
  int exponent = 0;  // of the first digit
};

Decimal shortest(double value) {
  std::array<char, 64> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific).ptr;
  std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  Decimal out;
  if (text.front() == '-') {
    out.negative = true;
    text.remove_prefix(1);
  }
  const std::size_t e = text.find('e');
  for (char c : text.substr(0, e)) {
    if (c != '.') out.digits += c;
  }
  std::string_view exponent = text.substr(e + 1);
  if (exponent.front() == '+') exponent.remove_prefix(1);
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), out.exponent);
  return out;
}

bool is_printable(char32_t c) {
  if (c < 0x20 || (c >= 0x7F && c <= 0xA0) || c == 0xAD) return false;
  if (c >= 0x2000 && c <= 0x200F) return false;
  if (c >= 0x2028 && c <= 0x202F) return false;
  if (c >= 0xE000 && c <= 0xF8FF) return false;
  return c != 0x3000 && c != 0xFEFF;
}

void append_escape(std::string& out, char32_t c) {
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\r') {
    out += "\\r";
  } else if (c == '\t') {
    out += "\\t";
  } else if (c <= 0xFF) {
    out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
  } else if (c <= 0xFFFF) {
    out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
  } else {
    out += fmt::format("\\U{:08x}", static_cast<unsigned>(c));
  }
}

std::string container_text(const json::value& value) {
  std::string out;
  if (value.is_array()) {
    out = "[";
    for (const json::value& item : value.get_array()) {
      if (out.size() > 1) out += ", ";
      out += python_repr(item);
    }
    return out + "]";
  }
  out = "{";
  for (const auto& [key, item] : value.get_object()) {
    if (out.size() > 1) out += ", ";
    out += python_quoted(key) + ": " + python_repr(item);
  }
  return out + "}";
}

}  // namespace

std::string python_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  const Decimal d = shortest(value);
  const int count = static_cast<int>(d.digits.size());
  std::string out = d.negative ? "-" : "";
  if (d.exponent < -4 || d.exponent >= 16) {
    out += d.digits.substr(0, 1);
    if (count > 1) out += "." + d.digits.substr(1);
    return out + fmt::format("e{}{:02}", d.exponent < 0 ? '-' : '+', std::abs(d.exponent));
  }
  if (d.exponent < 0) return out + "0." + std::string(static_cast<std::size_t>(-d.exponent - 1), '0') + d.digits;
  const int whole = d.exponent + 1;
  if (count <= whole) return out + d.digits + std::string(static_cast<std::size_t>(whole - count), '0') + ".0";
  return out + d.digits.substr(0, static_cast<std::size_t>(whole)) + "." +
         d.digits.substr(static_cast<std::size_t>(whole));
}

std::string python_quoted(std::string_view text) {
  const bool single = text.find('\'') != std::string_view::npos;
  const bool twice = text.find('"') != std::string_view::npos;
  const char quote = single && !twice ? '"' : '\'';
  std::string out(1, quote);
  for (std::size_t i = 0; i < text.size();) {
    const char32_t c = next_code_point(text, i).value;
    if (c == static_cast<char32_t>(quote) || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (is_printable(c)) {
      append_utf8(out, c);
    } else {
      append_escape(out, c);
    }
  }
  return out + quote;
}

std::string python_text(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "None";
    case json::kind::bool_:
      return value.get_bool() ? "True" : "False";
    case json::kind::int64:
      return std::to_string(value.get_int64());
    case json::kind::uint64:
      return std::to_string(value.get_uint64());
    case json::kind::double_:
      return python_float(value.get_double());
    case json::kind::string:
      return std::string(value.get_string());
    case json::kind::array:
    case json::kind::object:
      break;
  }
  return container_text(value);
}

std::string python_repr(const json::value& value) {
  return value.is_string() ? python_quoted(value.get_string()) : python_text(value);
}

}  // namespace tamada
