#include "postgres/timeline_history.h"

#include <charconv>

#include <fmt/format.h>

namespace tamada {

namespace {

constexpr std::string_view kBlank = " \t\r\f\v";

std::string_view trim_left(std::string_view text) {
  auto first = text.find_first_not_of(kBlank);
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

// Takes the next field off `text`.
std::string_view take_field(std::string_view& text) {
  text = trim_left(text);
  auto end = text.find_first_of(kBlank);
  std::string_view field = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end);
  return field;
}

Error bad_line(int number, std::string_view what) {
  return Error(ErrorCode::Invalid, fmt::format("line {} of a timeline history: {}", number, what));
}

}  // namespace

Result<std::vector<HistoryLine>> parse_timeline_history(std::string_view text) {
  std::vector<HistoryLine> lines;
  for (int number = 1; !text.empty(); ++number) {
    auto end = text.find('\n');
    std::string_view line = trim_left(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.empty() || line[0] == '#') continue;

    HistoryLine entry;
    std::string_view id = take_field(line);
    auto [stop, ec] = std::from_chars(id.data(), id.data() + id.size(), entry.timeline.id);
    if (ec != std::errc() || stop != id.data() + id.size() || !entry.timeline.known()) {
      return bad_line(number, "no timeline number");
    }
    if (!lines.empty() && entry.timeline <= lines.back().timeline) {
      return bad_line(number,
                      fmt::format("timeline {} does not follow {}", entry.timeline.id, lines.back().timeline.id));
    }
    auto lsn = parse_lsn(take_field(line));
    if (!lsn) return bad_line(number, lsn.error().message);
    entry.lsn = *lsn;
    entry.reason = trim_left(line);
    auto last = entry.reason.find_last_not_of(kBlank);
    entry.reason.resize(last == std::string::npos ? 0 : last + 1);
    lines.push_back(std::move(entry));
  }
  return lines;
}

std::string history_file_name(Timeline timeline) {
  return fmt::format("{:08X}.history", timeline.id);
}

}  // namespace tamada
