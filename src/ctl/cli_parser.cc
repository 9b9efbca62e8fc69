// The only file that knows CLI11.
#include "ctl/cli_parser.h"

#include <algorithm>
#include <charconv>
#include <memory>

#include <fmt/format.h>

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <CLI/CLI.hpp>
#pragma clang diagnostic pop

#include "base/text.h"

namespace tamada::ctl {

namespace {

struct Parsed {
  Arguments arguments;
  std::optional<std::string> error;
  bool bare_error = false;
};

std::vector<std::string> all_names(const OptionSpec& option) {
  std::vector<std::string> names = option.names;
  names.insert(names.end(), option.hidden_names.begin(), option.hidden_names.end());
  return names;
}

// One CLI11 parser for a list of options; everything that is no option is collected as words.
class OptionParser {
 public:
  explicit OptionParser(const std::vector<OptionSpec>& options, bool stop_at_word) : options_(options) {
    app_.set_help_flag();
    app_.allow_extras();
    app_.prefix_command(stop_at_word);
    values_.resize(options.size());
    for (std::size_t i = 0; i < options.size(); ++i) add(options[i], i);
  }

  Parsed parse(std::vector<std::string> words) {
    Parsed out;
    const std::string last = words.empty() ? std::string() : words.back();
    std::reverse(words.begin(), words.end());
    try {
      app_.parse(words);
    } catch (const CLI::ArgumentMismatch& error) {
      const std::string message = error.what();
      out.error = fmt::format("Option '{}' requires an argument.",
                              last.starts_with('-') ? last : message.substr(0, message.find(':')));
      out.bare_error = true;
    } catch (const CLI::ParseError& error) {
      out.error = error.what();
    }
    collect(out.arguments);
    return out;
  }

 private:
  void add(const OptionSpec& spec, std::size_t index) {
    const std::string names = join(all_names(spec), ",");
    if (spec.kind == ValueKind::Flag) {
      handles_.push_back(app_.add_flag(names));
    } else {
      handles_.push_back(app_.add_option(names, values_[index])
                             ->type_size(1)
                             ->expected(1)
                             ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll));
      handles_.back()->allow_extra_args(false);
    }
  }

  void collect(Arguments& out) const {
    for (std::size_t i = 0; i < options_.size(); ++i) {
      if (handles_[i]->count() == 0) continue;
      const bool is_flag = options_[i].kind == ValueKind::Flag;
      out.options[options_[i].key] = is_flag ? std::vector<std::string>{""} : values_[i];
    }
    out.words = app_.remaining();
  }

  CLI::App app_;
  const std::vector<OptionSpec>& options_;
  std::vector<CLI::Option*> handles_;
  std::vector<std::vector<std::string>> values_;
};

bool looks_like_option(const std::string& word) {
  return word.size() > 1 && word.front() == '-';
}

std::string unknown_option(const std::string& word, const std::vector<OptionSpec>& options) {
  const std::string name = word.starts_with("--") ? word.substr(0, word.find('=')) : word.substr(0, 2);
  std::string message = "No such option: " + name;
  if (!name.starts_with("--")) return message;
  std::vector<std::string> similar;
  for (const OptionSpec& option : options) {
    for (const std::string& known : option.names) {
      if (known.size() > name.size() && known.starts_with(name)) similar.push_back(known);
    }
  }
  std::sort(similar.begin(), similar.end());
  if (similar.size() == 1) message += fmt::format(" Did you mean {}?", similar.front());
  if (similar.size() > 1) message += fmt::format(" (Possible options: {})", join(similar, ", "));
  return message;
}

bool is_number(const std::string& text, ValueKind kind) {
  const char* end = text.data() + text.size();
  if (kind == ValueKind::Integer) {
    long long value = 0;
    const auto [at, ec] = std::from_chars(text.data(), end, value);
    return ec == std::errc() && at == end;
  }
  double value = 0;
  const auto [at, ec] = std::from_chars(text.data(), end, value);
  return ec == std::errc() && at == end && value >= 0;
}

std::optional<std::string> invalid_value(const OptionSpec& option, const std::string& value) {
  std::vector<std::string> names = option.names;
  if (option.kind == ValueKind::Choice) std::reverse(names.begin(), names.end());  // as users know them
  const std::string start = fmt::format("Invalid value for '{}': ", join(names, "' / '"));
  if (option.kind == ValueKind::Integer && !is_number(value, option.kind)) {
    return start + fmt::format("'{}' is not a valid integer.", value);
  }
  if (option.kind == ValueKind::Number && !is_number(value, option.kind)) {
    return start + fmt::format("'{}' is not a valid float.", value);
  }
  const auto among = [&value](const std::vector<std::string>& words) {
    return std::find(words.begin(), words.end(), value) != words.end();
  };
  if (option.kind != ValueKind::Choice || among(option.choices) || among(option.hidden_choices)) return std::nullopt;
  return start + fmt::format("'{}' is not one of '{}'.", value, join(option.choices, "', '"));
}

std::optional<std::string> check_options(const std::vector<OptionSpec>& options, const Arguments& arguments) {
  for (const OptionSpec& option : options) {
    for (const std::string& value : arguments.values(option.key)) {
      if (option.kind == ValueKind::Flag) continue;
      if (auto message = invalid_value(option, value)) return message;
    }
  }
  return std::nullopt;
}

std::optional<std::string> check_words(const std::vector<WordSpec>& specs, const std::vector<std::string>& words) {
  std::size_t required = 0;
  bool unbounded = false;
  for (const WordSpec& spec : specs) {
    if (spec.required && ++required > words.size()) {
      if (spec.choices.empty()) return fmt::format("Missing argument '{}'.", spec.name);
      return fmt::format("Missing argument '{{{}}}'. Choose from:\n\t{}", join(spec.choices, "|"),
                         join(spec.choices, ",\n\t"));
    }
    unbounded = unbounded || spec.many;
  }
  if (!unbounded && words.size() > specs.size()) {
    const std::vector<std::string> rest(words.begin() + static_cast<std::ptrdiff_t>(specs.size()), words.end());
    return fmt::format("Got unexpected extra argument{} ({})", rest.size() > 1 ? "s" : "", join(rest, " "));
  }
  if (specs.empty() || specs.back().choices.empty()) return std::nullopt;
  const std::vector<std::string>& choices = specs.back().choices;
  if (std::find(choices.begin(), choices.end(), words.back()) != choices.end()) return std::nullopt;
  return fmt::format("Invalid value for '{{{}}}': '{}' is not one of '{}'.", join(choices, "|"), words.back(),
                     join(choices, "', '"));
}

std::optional<std::string> check(const CommandSpec& command, const Arguments& arguments) {
  for (const std::string& word : arguments.words) {
    if (looks_like_option(word)) return unknown_option(word, command.options);
  }
  if (auto message = check_options(command.options, arguments)) return message;
  return check_words(command.words, arguments.words);
}

void parse_command(ParsedLine& line, std::vector<std::string> words) {
  Parsed parsed = OptionParser(line.command->options, false).parse(std::move(words));
  line.arguments = std::move(parsed.arguments);
  line.arguments.command = line.command->name;
  line.help = line.arguments.has("help");
  if (line.help) return;
  line.bare_error = parsed.bare_error;
  line.usage_error = parsed.error ? parsed.error : check(*line.command, line.arguments);
}

}  // namespace

ParsedLine parse_line(const std::vector<std::string>& words) {
  ParsedLine line;
  Parsed global = OptionParser(global_options(), true).parse(words);
  line.global = std::move(global.arguments);
  line.help = line.global.has("help") || words.empty();
  line.usage_error = global.error;
  line.bare_error = global.bare_error;
  if (line.help || line.usage_error) return line;

  std::vector<std::string> rest = std::move(line.global.words);
  // `config show` and `config edit`, as other tools call them.
  if (rest.size() > 1 && rest[0] == "config" && (rest[1] == "show" || rest[1] == "edit")) {
    rest[0] = rest[1] + "-config";
    rest.erase(rest.begin() + 1);
  }
  if (rest.empty()) {
    line.usage_error = "Missing command.";
  } else if (looks_like_option(rest.front())) {
    line.usage_error = unknown_option(rest.front(), global_options());
  } else if (line.command = find_command(rest.front()); line.command == nullptr) {
    line.usage_error = fmt::format("No such command '{}'.", rest.front());
  } else {
    rest.erase(rest.begin());
    parse_command(line, std::move(rest));
  }
  return line;
}

}  // namespace tamada::ctl
