// The blocking calls of the C library behind the resolver.
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

#include <fmt/format.h>

#include "net/resolver.h"

namespace tamada {

namespace {

constexpr std::size_t kMaxDnsAnswer = 65536;

Result<std::vector<std::string>> lookup_addresses(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int rc = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (rc != 0) {
    const bool absent = rc == EAI_NONAME || rc == EAI_NODATA;
    return Error(absent ? ErrorCode::NotFound : ErrorCode::Unavailable,
                 fmt::format("name {} not resolved: {}", host, ::gai_strerror(rc)));
  }
  std::vector<std::string> addresses;
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(a->ai_addr, a->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) continue;
    std::string address = text.data();
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) addresses.push_back(address);
  }
  ::freeaddrinfo(found);
  if (addresses.empty()) return Error(ErrorCode::NotFound, fmt::format("name {} has no address", host));
  return addresses;
}

Error srv_error(const std::string& name, int reason) {
  const bool absent = reason == HOST_NOT_FOUND || reason == NO_DATA;
  return Error(absent ? ErrorCode::NotFound : ErrorCode::Unavailable,
               fmt::format("service record {} not resolved: {}", name, ::hstrerror(reason)));
}

Result<std::vector<SrvRecord>> parse_srv(const std::string& name, const unsigned char* answer, int size) {
  ns_msg message;
  if (::ns_initparse(answer, size, &message) != 0) {
    return Error(ErrorCode::Protocol, fmt::format("service record {}: the name server's answer is broken", name));
  }
  std::vector<SrvRecord> records;
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    ns_rr record;
    if (::ns_parserr(&message, ns_s_an, i, &record) != 0) continue;
    if (ns_rr_type(record) != ns_t_srv || ns_rr_rdlen(record) < 7) continue;
    const unsigned char* data = ns_rr_rdata(record);
    std::array<char, NS_MAXDNAME> target{};
    if (::ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), data + 6, target.data(), target.size()) < 0) {
      continue;
    }
    SrvRecord srv;
    srv.priority = static_cast<int>(ns_get16(data));
    srv.weight = static_cast<int>(ns_get16(data + 2));
    srv.port = static_cast<int>(ns_get16(data + 4));
    srv.target = target.data();
    if (!srv.target.empty() && srv.target.back() == '.') srv.target.pop_back();
    if (!srv.target.empty()) records.push_back(std::move(srv));
  }
  if (records.empty()) return srv_error(name, NO_DATA);
  std::sort(records.begin(), records.end(), [](const SrvRecord& a, const SrvRecord& b) {
    return std::tuple(a.priority, -a.weight, a.target, a.port) < std::tuple(b.priority, -b.weight, b.target, b.port);
  });
  return records;
}

Result<std::vector<SrvRecord>> lookup_services(const std::string& name) {
  struct __res_state state;
  std::memset(&state, 0, sizeof state);
  if (::res_ninit(&state) != 0) {
    return Error(ErrorCode::Unavailable, fmt::format("service record {}: no resolver configuration", name));
  }
  std::vector<unsigned char> answer(kMaxDnsAnswer);
  const int size =
      ::res_nsearch(&state, name.c_str(), ns_c_in, ns_t_srv, answer.data(), static_cast<int>(answer.size()));
  const int reason = state.res_h_errno;
  ::res_nclose(&state);
  if (size < 0) return srv_error(name, reason);
  return parse_srv(name, answer.data(), std::min(size, static_cast<int>(answer.size())));
}

}  // namespace

NameLookups NameLookups::system() {
  return {lookup_addresses, lookup_services};
}

bool is_numeric_host(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> buffer{};
  return ::inet_pton(AF_INET, host.c_str(), buffer.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), buffer.data()) == 1;
}

}  // namespace tamada
