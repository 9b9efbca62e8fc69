// What members read from the store: any bytes may stand there. A parse never fails, and what is written from it reads
// back as the same value.
#include <cstdint>
#include <string_view>

#include "base/invariant.h"
#include "model/cluster_view.h"
#include "model/url.h"

namespace {

using namespace tamada;

void check_failover(std::string_view text) {
  const auto request = parse_failover(text);
  if (!request) return;
  INVARIANT(!request->empty());
  const auto again = parse_failover(format_failover(*request));
  INVARIANT(again && again->leader == request->leader && again->candidate == request->candidate &&
            again->scheduled_at == request->scheduled_at && again->offset_minutes == request->offset_minutes);
}

void check_sync(std::string_view text) {
  const SyncState sync = parse_sync(text);
  const SyncState again = parse_sync(format_sync(sync, Compatibility::V4_1));
  INVARIANT(again.leader == sync.leader && again.quorum == sync.quorum &&
            again.standbys.size() == sync.standbys.size());
  for (const std::string& standby : sync.standbys) INVARIANT(again.lists(standby));
}

void check_history(std::string_view text) {
  const auto history = parse_history(text);
  if (!history) return;
  const auto again = parse_history(format_history(history->lines));
  INVARIANT(again && again->lines == history->lines);
}

void check_member(std::string_view text) {
  const Member member = parse_member("m", text);
  (void)member.host();
  (void)member.port();
  for (const Compatibility level : {Compatibility::V1_5, Compatibility::V3_0, Compatibility::V4_1}) {
    const Member again = parse_member("m", format_member(member, level));
    INVARIANT(again.conn_url == member.conn_url && again.role == member.role && again.timeline == member.timeline &&
              again.checkpoint_pending == member.checkpoint_pending);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_failover(text);
  check_sync(text);
  check_history(text);
  check_member(text);
  INVARIANT(parse_status(format_status(parse_status(text))) == parse_status(text));
  INVARIANT(parse_failsafe(format_failsafe(parse_failsafe(text))) == parse_failsafe(text));
  (void)parse_optime(text);
  if (const auto parts = split_url(text)) (void)query_parameter(parts->query, "application_name");
  return 0;
}
