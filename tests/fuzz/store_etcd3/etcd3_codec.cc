// Whatever a server, a proxy or an attacker in its place answers: parsing ends in a value or an error.
#include <cstdint>
#include <string_view>

#include "base/invariant.h"
#include "store/common/view_builder.h"
#include "store/etcd3/etcd3_codec.h"
#include "store/etcd3/etcd3_keys.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tamada;
  using namespace tamada::etcd3;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)parse_watch(text);
  for (const int status : {200, 404, 503}) {
    Reply reply = parse_reply(status, text);
    if (const auto* fault = std::get_if<Fault>(&reply)) {
      INVARIANT(!fault->error.message.empty());
      for (const char c : fault->error.message) INVARIANT(c >= 0x20 && c < 0x7f);
      continue;
    }
    const json::object& answer = std::get<json::object>(reply);
    (void)parse_txn(answer);
    (void)parse_keepalive(answer);
    (void)parse_client_urls(answer);
    (void)parse_version(answer);
    if (auto granted = parse_grant(answer)) INVARIANT(granted->ttl_seconds > 0);
    if (auto token = parse_token(answer)) INVARIANT(token->find('\n') == std::string::npos);
    if (auto range = parse_range(answer)) {
      const StoredKeys keys = stored_keys(range->kvs, "/service/batman/");
      (void)needs_optime_leader(build_view(keys, range->header.cluster_id, range->header.revision));
    }
  }
  return 0;
}
