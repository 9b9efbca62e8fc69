#include "support.h"

#include <fmt/format.h>

#include "base/json.h"
#include "ctl/program.h"

namespace tamada::ctl {

int Bench::run(const std::vector<std::string>& words) {
  const ParsedLine line = parse_line(words);
  if (const auto code = answer_without_command(console, context.program, line)) return *code;
  return run_command(context, line);
}

ClusterView three_members() {
  ClusterView view;
  view.initialize = InitializeKey{"7711230260053689444", 1};
  for (int i = 0; i < 3; ++i) {
    view.members.push_back(parse_member(
        fmt::format("postgresql{}", i),
        fmt::format(
            R"({{"conn_url":"postgres://127.0.0.1:555{0}/postgres","api_url":"http://127.0.0.1:800{0}/patroni",)"
            R"("state":"running","role":"{1}","version":"4.1.4","xlog_location":67406928,)"
            R"("replay_lsn":67406928,"receive_lsn":67406928,"replication_state":"streaming","timeline":2}})",
            i, i == 0 ? "primary" : "replica")));
    view.members.back().revision = 10 + i;
  }
  view.leader = LeaderEntry{{"postgresql0", 5, "s"}, 5};
  view.status = parse_status(R"({"optime":67406928})");
  view.config =
      ConfigDocument{parse_json(R"({"ttl":30,"loop_wait":10,"retry_timeout":10,"maximum_lag_on_failover":1048576,)"
                                R"("postgresql":{"use_pg_rewind":true}})")
                         ->as_object(),
                     7};
  view.config_revision = 7;
  return view;
}

}  // namespace tamada::ctl
