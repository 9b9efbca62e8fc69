// Whatever an agent, a proxy or an attacker in its place answers: parsing ends in a value or a printable error.
#include <cstdint>
#include <string_view>

#include "base/invariant.h"
#include "store/consul/consul_codec.h"

namespace {

template <class T>
void look(const std::variant<T, tamada::consul::Fault>& outcome) {
  const auto* fault = std::get_if<tamada::consul::Fault>(&outcome);
  if (fault == nullptr) return;
  INVARIANT(!fault->error.message.empty());
  for (const char c : fault->error.message) INVARIANT(c >= 0x20 && c < 0x7f);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tamada::consul;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const int status : {200, 403, 404, 409, 500}) {
    look(parse_txn(status, text));
    look(parse_keys(status, text));
    auto session = parse_session(status, text);
    look(session);
    if (const auto* id = std::get_if<std::string>(&session)) INVARIANT(id->find('/') == std::string::npos);
  }
  return 0;
}
