// Any answer of a server that calls itself etcd.
#include <cstddef>
#include <cstdint>
#include <string>

#include "store/etcd2/etcd2_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tamada;
  if (size == 0) return 0;
  constexpr int kStatuses[] = {200, 201, 404, 412, 401, 500};
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const HttpResponse response{kStatuses[data[0] % 6], body, {{"x-etcd-index", body.substr(0, 20)}}};
  const auto parsed = etcd2::parse_answer(response);
  if (const auto* answer = std::get_if<etcd2::Answer>(&parsed)) {
    (void)build_view(etcd2::stored_keys(answer->leaves, "/service/batman/"), answer->cluster_id, answer->index);
  }
  (void)etcd2::put(body, body, etcd2::Guard::absent(), 30);
  return 0;
}
