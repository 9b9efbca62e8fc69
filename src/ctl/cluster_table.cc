#include "ctl/cluster_table.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "base/text.h"
#include "ctl/cluster_rows.h"

namespace tamada::ctl {

namespace {

constexpr std::size_t kLongestReasonShown = 50;
constexpr int kHistoryFields = 5;

struct Column {
  OutputColumn head;
  std::function<json::value(const MemberRow&)> cell;
};

json::value text_cell(std::string text) {
  return json::value(std::move(text));
}

json::value timeline_cell(const MemberRow& row) {
  return row.timeline.known() ? json::value(row.timeline.id) : json::value(nullptr);
}

json::value lag_cell(const std::optional<std::int64_t>& lag) {
  return lag ? json::value(*lag) : json::value(nullptr);
}

// One lag for the member (levels 1.5 and 3.0). The leader has one at 1.5 only.
json::value single_lag(const MemberRow& row, Compatibility level) {
  if (row.is_leader && level != Compatibility::V1_5) return nullptr;
  if (!row.position.known) return "unknown";
  return lag_cell(row.position.lag_mb);
}

json::value lsn_cell(const MemberRow& row, const PositionCell& position) {
  if (row.is_leader) return nullptr;
  return text_cell(position.known ? to_string(position.lsn) : "unknown");
}

json::value lsn_lag_cell(const MemberRow& row, const PositionCell& position) {
  return row.is_leader ? json::value(nullptr) : lag_cell(position.lag_mb);
}

json::value reasons_cell(const MemberRow& row, bool shorten) {
  std::vector<std::string> lines;
  for (const std::string& reason : row.pending_reasons) {
    const bool hide = shorten && reason.size() > kLongestReasonShown;
    lines.push_back(hide ? reason.substr(0, reason.find(": ")) + ": [hidden - too long]" : reason);
  }
  return text_cell(join(lines, "\n"));
}

std::vector<Column> position_columns(Compatibility level) {
  if (level != Compatibility::V4_1) {
    return {
        {{"Lag in MB", "Lag in MB", Align::Right}, [level](const MemberRow& row) { return single_lag(row, level); }}};
  }
  return {
      {{"Receive LSN", "Receive LSN", Align::Right}, [](const MemberRow& r) { return lsn_cell(r, r.receive); }},
      {{"Receive Lag", "Lag", Align::Right}, [](const MemberRow& r) { return lsn_lag_cell(r, r.receive); }},
      {{"Replay LSN", "Replay LSN", Align::Right}, [](const MemberRow& r) { return lsn_cell(r, r.replay); }},
      {{"Replay Lag", "Lag", Align::Right}, [](const MemberRow& r) { return lsn_lag_cell(r, r.replay); }},
  };
}

// Shown when some member has something in it, or with --extended.
std::vector<Column> optional_columns(const std::vector<MemberRow>& rows, const ListOptions& options,
                                     Compatibility level) {
  const auto wanted = [&](auto has) { return options.extended || std::any_of(rows.begin(), rows.end(), has); };
  std::vector<Column> columns;
  if (wanted([](const MemberRow& r) { return r.pending_restart; })) {
    columns.push_back({{"Pending restart", "Pending restart"},
                       [](const MemberRow& r) { return text_cell(r.pending_restart ? "*" : ""); }});
  }
  if (level == Compatibility::V4_1 && wanted([](const MemberRow& r) { return !r.pending_reasons.empty(); })) {
    const bool shorten = options.format == OutputFormat::Pretty;
    columns.push_back({{"Pending restart reason", "Pending restart reason"},
                       [shorten](const MemberRow& r) { return reasons_cell(r, shorten); }});
  }
  if (wanted([](const MemberRow& r) { return !r.scheduled_restart.empty(); })) {
    columns.push_back({{"Scheduled restart", "Scheduled restart"},
                       [](const MemberRow& r) { return text_cell(r.scheduled_restart); }});
  }
  if (level != Compatibility::V1_5 && wanted([](const MemberRow& r) { return !r.tags.empty(); })) {
    columns.push_back({{"Tags", "Tags"}, [](const MemberRow& r) { return json::value(r.tags); }});
  }
  return columns;
}

std::vector<Column> columns_for(std::string_view cluster, const std::vector<MemberRow>& rows,
                                const ListOptions& options, Compatibility level) {
  std::vector<Column> columns;
  if (options.format != OutputFormat::Pretty || level == Compatibility::V1_5) {
    const std::string name(cluster);
    columns.push_back({{"Cluster", "Cluster"}, [name](const MemberRow&) { return text_cell(name); }});
  }
  columns.push_back({{"Member", "Member"}, [](const MemberRow& r) { return text_cell(r.name); }});
  columns.push_back({{"Host", "Host"}, [](const MemberRow& r) { return text_cell(r.host); }});
  columns.push_back({{"Role", "Role"}, [](const MemberRow& r) { return text_cell(r.role); }});
  columns.push_back({{"State", "State"}, [](const MemberRow& r) { return text_cell(r.state); }});
  if (level != Compatibility::V1_5) columns.push_back({{"TL", "TL", Align::Right}, timeline_cell});
  for (Column& column : position_columns(level)) columns.push_back(std::move(column));
  for (Column& column : optional_columns(rows, options, level)) columns.push_back(std::move(column));
  return columns;
}

std::string title_for(std::string_view cluster, const ClusterView& view, Compatibility level) {
  if (level == Compatibility::V1_5) return {};
  if (level == Compatibility::V3_0) return fmt::format(" Cluster: {} ", cluster);
  std::string system = "uninitialized";
  if (view.initialize) system = view.initialize->value.empty() ? "initializing" : view.initialize->value;
  return fmt::format(" Cluster: {} ({}) ", cluster, system);
}

}  // namespace

std::string format_members(std::string_view cluster, const ClusterView& view, const ListOptions& options,
                           Compatibility level) {
  const std::vector<MemberRow> rows = options.tree ? topology_rows(view, level) : member_rows(view, level);
  const std::vector<Column> columns = columns_for(cluster, rows, options, level);
  OutputTable table;
  table.title = title_for(cluster, view, level);
  table.omit_empty = true;
  for (const Column& column : columns) table.columns.push_back(column.head);
  for (const MemberRow& row : rows) {
    std::vector<json::value> cells;
    for (const Column& column : columns) cells.push_back(column.cell(row));
    table.rows.push_back(std::move(cells));
  }
  std::string out = format_output(table, {options.format, level, options.tree});
  if (options.format == OutputFormat::Pretty || level == Compatibility::V1_5) out += format_footer(view);
  return out;
}

bool is_paused(const ClusterView& view) {
  const json::value* pause = view.config ? view.config->value.if_contains("pause") : nullptr;
  if (pause == nullptr) return false;
  if (const bool* flag = pause->if_bool()) return *flag;
  const json::string* text = pause->if_string();
  return text != nullptr && equal_ignoring_case(std::string_view(*text), "true");
}

std::string format_footer(const ClusterView& view) {
  std::string out;
  if (is_paused(view)) out += " Maintenance mode: on\n";
  if (!view.failover || !view.failover->scheduled_at) return out;
  const std::string at = format_iso8601(*view.failover->scheduled_at, view.failover->offset_minutes);
  out += fmt::format(" Switchover scheduled at: {}\n", at);
  if (!view.failover->leader.empty()) out += fmt::format("                    from: {}\n", view.failover->leader);
  if (!view.failover->candidate.empty()) {
    out += fmt::format("                      to: {}\n", view.failover->candidate);
  }
  return out;
}

std::string format_history_table(const ClusterView& view, OutputFormat format, Compatibility level) {
  OutputTable table;
  table.columns = {{"TL", "TL", Align::Right},
                   {"LSN", "LSN", Align::Right},
                   {"Reason", "Reason"},
                   {"Timestamp", "Timestamp"},
                   {"New Leader", "New Leader"}};
  if (view.history) {
    for (const HistoryLine& line : view.history->lines) {
      std::vector<json::value> cells{json::value(line.timeline.id), json::value(line.lsn.bytes), text_cell(line.reason),
                                     text_cell(line.timestamp), text_cell(line.new_leader)};
      cells.resize(kHistoryFields);
      table.rows.push_back(std::move(cells));
    }
  }
  // Every level shows this table as 3.0 and later do; 1.5 has no such command.
  return format_output(table, {format, std::max(level, Compatibility::V3_0), false});
}

}  // namespace tamada::ctl
