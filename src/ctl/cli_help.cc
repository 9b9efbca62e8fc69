#include "ctl/cli_help.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace tamada::ctl {

namespace {

constexpr std::size_t kPageWidth = 78;
constexpr std::size_t kLongestFirstColumn = 30;
constexpr std::size_t kGap = 2;
constexpr std::size_t kIndent = 2;
constexpr std::size_t kNarrowestText = 10;

struct Definition {
  std::string term;
  std::string text;
};

std::string word_text(const WordSpec& word) {
  std::string name = word.choices.empty() ? word.name : "{" + join(word.choices, "|") + "}";
  if (!word.required) name = "[" + name + "]";
  return word.many ? name + "..." : name;
}

std::string value_word(const OptionSpec& option) {
  switch (option.kind) {
    case ValueKind::Flag:
      return "";
    case ValueKind::Text:
      return " TEXT";
    case ValueKind::Integer:
      return " INTEGER";
    case ValueKind::Number:
      return " FLOAT";
    case ValueKind::Choice:
      return " [" + join(option.choices, "|") + "]";
  }
  return "";
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  for (const std::string& word : split_list(text, ' ')) {
    if (!lines.empty() && lines.back().size() + 1 + word.size() <= width) {
      lines.back() += " " + word;
    } else {
      lines.push_back(word);
    }
  }
  return lines;
}

// Terms on the left, wrapped texts beside them, or below terms that are too long.
std::string definitions(const std::vector<Definition>& entries) {
  std::size_t column = 0;
  for (const Definition& entry : entries) column = std::max(column, entry.term.size());
  column = std::min(column, kLongestFirstColumn) + kGap;
  const std::size_t room = kPageWidth > column + kIndent ? kPageWidth - column - kIndent : 0;
  std::string out;
  for (const Definition& entry : entries) {
    out += std::string(kIndent, ' ') + entry.term;
    const bool beside = entry.term.size() + kGap <= column;
    out += beside ? std::string(column - entry.term.size(), ' ') : "\n" + std::string(column + kIndent, ' ');
    const auto lines = wrapped(entry.text, std::max(room, kNarrowestText));
    out += join(lines, "\n" + std::string(column + kIndent, ' ')) + "\n";
  }
  return out;
}

std::string options_section(const std::vector<OptionSpec>& options) {
  std::vector<Definition> entries;
  for (const OptionSpec& option : options) {
    if (!option.names.empty()) entries.push_back({join(option.names, ", ") + value_word(option), option.help});
  }
  return "Options:\n" + definitions(entries);
}

std::string path_of(const std::string& program, const CommandSpec* command) {
  return command == nullptr ? program : program + " " + command->name;
}

}  // namespace

std::string usage_line(const std::string& program, const CommandSpec* command) {
  const std::string prefix = "Usage: " + path_of(program, command) + " ";
  std::string words = "[OPTIONS]";
  if (command == nullptr) words += " COMMAND [ARGS]...";
  for (const WordSpec& word : command == nullptr ? std::vector<WordSpec>() : command->words) {
    words += " " + word_text(word);
  }
  const auto lines = wrapped(words, kPageWidth - prefix.size());
  return prefix + join(lines, "\n" + std::string(prefix.size(), ' ')) + "\n";
}

std::string help_page(const std::string& program, const CommandSpec* command) {
  std::string out = usage_line(program, command) + "\n";
  if (command != nullptr) return out + "  " + command->help + "\n\n" + options_section(command->options);
  out += options_section(global_options()) + "\nCommands:\n";
  std::vector<Definition> entries;
  for (const CommandSpec& entry : commands()) entries.push_back({entry.name, entry.help});
  return out + definitions(entries);
}

std::string usage_error_text(const std::string& program, const CommandSpec* command, const std::string& message) {
  return fmt::format("{}Try '{} --help' for help.\n\nError: {}\n", usage_line(program, command),
                     path_of(program, command), message);
}

}  // namespace tamada::ctl
