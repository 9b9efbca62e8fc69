#include "net/http_listener.h"

#include <netdb.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <boost/asio/ip/v6_only.hpp>

namespace tamada {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

Error bind_error(const tcp::endpoint& endpoint, const boost::system::error_code& ec) {
  const std::string where = fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
  if (ec == asio::error::address_in_use) {
    return Error(ErrorCode::Conflict, fmt::format("cannot listen on {}: the port is in use", where),
                 "another process listens there; find it with: ss -ltnp, or change restapi.listen");
  }
  if (ec == asio::error::access_denied) {
    return Error(ErrorCode::Denied, fmt::format("cannot listen on {}: {}", where, ec.message()),
                 "ports below 1024 need a privilege; choose a higher port");
  }
  return Error(ErrorCode::Unavailable, fmt::format("cannot listen on {}: {}", where, ec.message()),
               "restapi.listen must name an address of this host");
}

Result<tcp::acceptor> open_one(const Executor& executor, const tcp::endpoint& endpoint, bool dual_stack, int backlog) {
  boost::system::error_code ec;
  tcp::acceptor acceptor(executor);
  acceptor.open(endpoint.protocol(), ec);
  if (ec) return bind_error(endpoint, ec);
  // A restart must not wait for TIME_WAIT. Never SO_REUSEPORT: two daemons would share the port silently.
  acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(!dual_stack), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(backlog, ec);
  if (!ec) acceptor.non_blocking(true, ec);
  if (ec) return bind_error(endpoint, ec);
  return acceptor;
}

Result<std::vector<tcp::acceptor>> open_any(const Executor& executor, std::uint16_t port, int backlog) {
  std::vector<tcp::acceptor> acceptors;
  auto both = open_one(executor, tcp::endpoint(asio::ip::address_v6::any(), port), true, backlog);
  if (!both && both.error().code == ErrorCode::Conflict) return both.error();
  if (!both) both = open_one(executor, tcp::endpoint(asio::ip::address_v4::any(), port), false, backlog);
  if (!both) return both.error();
  acceptors.push_back(std::move(*both));
  return acceptors;
}

Result<std::vector<asio::ip::address>> addresses_of(const std::string& host) {
  boost::system::error_code ec;
  const auto literal = asio::ip::make_address(host, ec);
  if (!ec) return std::vector<asio::ip::address>{literal};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* raw = nullptr;
  const int rc = getaddrinfo(host.c_str(), nullptr, &hints, &raw);
  if (rc != 0) {
    return Error(ErrorCode::Unavailable, fmt::format("cannot listen on \"{}\": {}", host, gai_strerror(rc)),
                 "restapi.listen must name an address of this host");
  }
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(raw, freeaddrinfo);
  std::vector<asio::ip::address> found;
  for (const addrinfo* at = raw; at != nullptr; at = at->ai_next) {
    if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
    tcp::endpoint endpoint;
    std::memcpy(endpoint.data(), at->ai_addr, at->ai_addrlen);
    found.push_back(endpoint.address());
  }
  return found;
}

}  // namespace

Result<std::vector<tcp::acceptor>> open_listeners(const Executor& executor, const ListenAddress& where, int backlog) {
  if (where.any()) return open_any(executor, where.port, backlog);
  auto addresses = addresses_of(where.host);
  if (!addresses) return addresses.error();
  std::vector<tcp::acceptor> acceptors;
  std::uint16_t port = where.port;
  Error last(ErrorCode::Unavailable, fmt::format("cannot listen on \"{}\": it has no address", where.host));
  for (const auto& address : *addresses) {
    auto acceptor = open_one(executor, tcp::endpoint(address, port), false, backlog);
    if (!acceptor) {
      last = acceptor.error();
      // A name may have an address of a family that is switched off here; a taken port is a fault.
      if (last.code == ErrorCode::Conflict) return last;
      continue;
    }
    boost::system::error_code ec;
    if (port == 0) port = acceptor->local_endpoint(ec).port();
    acceptors.push_back(std::move(*acceptor));
  }
  if (acceptors.empty()) return last;
  return acceptors;
}

}  // namespace tamada
