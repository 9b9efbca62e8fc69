// Names to addresses, off the engine's thread and with a memory (D8). A look-up that has once succeeded keeps being
// answered while the name servers are away; the caller's deadline holds even when they hang.
//
// An object belongs to the thread of its executor. The waiting for name servers happens on a few threads of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"

namespace tamada {

struct SrvRecord {
  std::string target;  // without the trailing dot
  int port = 0;
  int priority = 0;
  int weight = 0;
  bool operator==(const SrvRecord&) const = default;
};

class Resolver {
 public:
  virtual ~Resolver() = default;
  // Numeric addresses in the order of preference, never empty. A numeric host answers itself. Errors: NotFound when the
  // name does not exist, Unavailable when no name server could tell, Timeout at the deadline.
  virtual Task<Result<std::vector<std::string>>> resolve(std::string host, Instant deadline) = 0;
  // Sorted by priority, then by falling weight; never empty. The same errors.
  virtual Task<Result<std::vector<SrvRecord>>> resolve_srv(std::string name, Instant deadline) = 0;
  // The addresses of `host` did not work: ask the name servers again at the next opportunity.
  virtual void distrust(const std::string& host) = 0;
};

// What the threads call; replaceable in tests. May block as long as they like.
struct NameLookups {
  std::function<Result<std::vector<std::string>>(const std::string&)> addresses;
  std::function<Result<std::vector<SrvRecord>>(const std::string&)> services;
  static NameLookups system();  // getaddrinfo and res_nsearch
};

class SystemResolver final : public Resolver {
 public:
  SystemResolver(Executor executor, std::function<Instant()> now, NameLookups lookups = NameLookups::system());
  // Does not wait for a look-up that hangs; its thread ends by itself.
  ~SystemResolver() override;

  Task<Result<std::vector<std::string>>> resolve(std::string host, Instant deadline) override;
  Task<Result<std::vector<SrvRecord>>> resolve_srv(std::string name, Instant deadline) override;
  void distrust(const std::string& host) override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// True for an IPv4 or IPv6 address without brackets.
bool is_numeric_host(const std::string& host);

}  // namespace tamada
