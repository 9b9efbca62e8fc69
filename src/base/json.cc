#include "base/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/python_text.h"
#include "base/utf8.h"

namespace tamada {

namespace {

// Deeper documents are refused: nothing of ours nests further, and a recursive reader has a stack.
constexpr std::size_t kMaxDepth = 64;

char short_escape(char32_t c) {
  switch (c) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    default:
      return 0;
  }
}

void append_unit(std::string& out, unsigned unit) {
  fmt::format_to(std::back_inserter(out), "\\u{:04x}", unit);
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const char32_t c = next_code_point(text, i).value;
    if (const char escape = short_escape(c); escape != 0) {
      out += '\\';
      out += escape;
    } else if (c >= 0x20 && c < 0x7F) {
      out += static_cast<char>(c);
    } else if (c < 0x10000) {
      append_unit(out, static_cast<unsigned>(c));
    } else {
      append_unit(out, 0xD800U + ((static_cast<unsigned>(c) - 0x10000U) >> 10U));
      append_unit(out, 0xDC00U + ((static_cast<unsigned>(c) - 0x10000U) & 0x3FFU));
    }
  }
  out += '"';
}

std::string float_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return python_float(value);
}

class Writer {
 public:
  Writer(std::string& out, JsonStyle style) : out_(out), spaced_(style == JsonStyle::Spaced) {}

  void write(const json::value& value) {
    switch (value.kind()) {
      case json::kind::null:
        out_ += "null";
        break;
      case json::kind::bool_:
        out_ += value.get_bool() ? "true" : "false";
        break;
      case json::kind::int64:
        out_ += std::to_string(value.get_int64());
        break;
      case json::kind::uint64:
        out_ += std::to_string(value.get_uint64());
        break;
      case json::kind::double_:
        out_ += float_text(value.get_double());
        break;
      case json::kind::string:
        append_string(out_, value.get_string());
        break;
      case json::kind::array:
        write_array(value.get_array());
        break;
      case json::kind::object:
        write_object(value.get_object());
        break;
    }
  }

 private:
  void write_array(const json::array& items) {
    out_ += '[';
    bool first = true;
    for (const json::value& item : items) {
      separate(first);
      write(item);
    }
    out_ += ']';
  }
  void write_object(const json::object& object) {
    out_ += '{';
    bool first = true;
    for (const auto& [key, item] : object) {
      separate(first);
      append_string(out_, key);
      out_ += spaced_ ? ": " : ":";
      write(item);
    }
    out_ += '}';
  }
  void separate(bool& first) {
    if (!first) out_ += spaced_ ? ", " : ",";
    first = false;
  }

  std::string& out_;
  bool spaced_;
};

// Builds the value like boost::json::parser, but reads decimal numbers exactly: Boost 1.81 may miss by one unit in the
// last place, and a number that went through us would come out with other digits.
class ExactHandler {
 public:
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();
  using Ec = boost::system::error_code;

  ExactHandler() { stack_.reset(); }
  json::value release() { return stack_.release(); }

  bool on_document_begin(Ec&) { return true; }
  bool on_document_end(Ec&) { return true; }
  bool on_object_begin(Ec&) { return true; }
  bool on_object_end(std::size_t n, Ec&) {
    stack_.push_object(n);
    return true;
  }
  bool on_array_begin(Ec&) { return true; }
  bool on_array_end(std::size_t n, Ec&) {
    stack_.push_array(n);
    return true;
  }
  bool on_key_part(json::string_view s, std::size_t, Ec&) {
    stack_.push_chars(s);
    return true;
  }
  bool on_key(json::string_view s, std::size_t, Ec&) {
    stack_.push_key(s);
    return true;
  }
  bool on_string_part(json::string_view s, std::size_t, Ec&) {
    stack_.push_chars(s);
    return true;
  }
  bool on_string(json::string_view s, std::size_t, Ec&) {
    stack_.push_string(s);
    return true;
  }
  bool on_number_part(json::string_view s, Ec&) {
    number_.append(s.data(), s.size());
    return true;
  }
  bool on_int64(std::int64_t i, json::string_view, Ec&) {
    number_.clear();
    stack_.push_int64(i);
    return true;
  }
  bool on_uint64(std::uint64_t u, json::string_view, Ec&) {
    number_.clear();
    stack_.push_uint64(u);
    return true;
  }
  bool on_double(double d, json::string_view s, Ec&) {
    number_.append(s.data(), s.size());
    double exact = d;
    const auto read = std::from_chars(number_.data(), number_.data() + number_.size(), exact);
    const bool fits = read.ec == std::errc() && read.ptr == number_.data() + number_.size();
    number_.clear();
    stack_.push_double(fits ? exact : d);
    return true;
  }
  bool on_bool(bool b, Ec&) {
    stack_.push_bool(b);
    return true;
  }
  bool on_null(Ec&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, Ec&) { return true; }
  bool on_comment(json::string_view, Ec&) { return true; }

 private:
  json::value_stack stack_;
  std::string number_;  // the characters of a number seen so far
};

}  // namespace

std::string to_json(const json::value& value, JsonStyle style) {
  std::string out;
  Writer(out, style).write(value);
  return out;
}

Result<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::basic_parser<ExactHandler> parser(options);
  boost::system::error_code ec;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (ec) {
    const bool cut = ec == json::error::incomplete;
    return Error(ErrorCode::Invalid,
                 fmt::format("invalid JSON at byte {}: {}", used, cut ? "the document ends too early" : ec.message()));
  }
  if (used < text.size()) {
    return Error(ErrorCode::Invalid, fmt::format("invalid JSON at byte {}: extra data after the document", used));
  }
  return parser.handler().release();
}

bool is_truthy(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return false;
    case json::kind::bool_:
      return value.get_bool();
    case json::kind::string:
      return !value.get_string().empty();
    case json::kind::array:
      return !value.get_array().empty();
    case json::kind::object:
      return !value.get_object().empty();
    default:
      return value.to_number<double>() != 0;
  }
}

}  // namespace tamada
