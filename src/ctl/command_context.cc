#include "ctl/command_context.h"

#include <ctime>

#include <fmt/format.h>

#include "ctl/cluster_table.h"

namespace tamada::ctl {

namespace {

// Long enough for a store that elects a new leader of its own, short enough for somebody who waits.
constexpr std::chrono::seconds kStoreTimeout{10};

template <class T>
Result<T> outcome(Written<T> written) {
  if (written.applied()) return std::move(*written.value);
  if (written.kind == WriteKind::Refused) return Error(ErrorCode::Conflict, written.error.text());
  return Error(ErrorCode::Unavailable, written.error.text());
}

}  // namespace

ClusterAccess::ClusterAccess(CommandContext& context, std::string cluster)
    : context_(context), name_(std::move(cluster)) {}

ClusterAccess::~ClusterAccess() {
  if (store_.store) context_.loop.run(store_.store->stop());
}

Result<Store*> ClusterAccess::store() {
  if (!store_.store) {
    Settings settings = context_.settings;
    settings.scope = name_;
    auto made = context_.make_store(settings);
    if (!made) return made.error();
    store_ = std::move(*made);
  }
  return store_.store.get();
}

Instant ClusterAccess::deadline() const {
  return context_.clock.now() + kStoreTimeout;
}

Result<ClusterView> ClusterAccess::load() {
  const auto client = store();
  if (!client) return client.error();
  return context_.loop.run((*client)->load(deadline()));
}

Result<std::int64_t> ClusterAccess::write(StoreWrite request) {
  const auto client = store();
  if (!client) return client.error();
  return outcome(context_.loop.run((*client)->write(std::move(request), deadline())));
}

Result<void> ClusterAccess::remove() {
  const auto client = store();
  if (!client) return client.error();
  const auto removed = outcome(context_.loop.run((*client)->delete_cluster(deadline())));
  if (!removed) return removed.error();
  return {};
}

Result<std::string> cluster_or_default(const CommandContext& context, const std::vector<std::string>& names) {
  const std::string& name = names.empty() ? context.settings.scope : names.front();
  if (name.empty()) {
    return Error(ErrorCode::Invalid, "no cluster name was given and the configuration has no scope",
                 "name the cluster, or set scope in the file of -c");
  }
  return name;
}

std::string local_time_text(WallTime time, bool fraction) {
  const auto since = time.time_since_epoch();
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(since).count();
  std::tm local{};
  localtime_r(&seconds, &local);
  std::string out = fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", local.tm_year + 1900, local.tm_mon + 1,
                                local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec);
  if (fraction) out += fmt::format(".{:05}", (since - std::chrono::seconds(seconds)).count() / 10);
  return out;
}

Result<void> print_members(CommandContext& context, ClusterAccess& cluster) {
  const auto view = cluster.load();
  if (!view) return view.error();
  context.console.out(format_members(cluster.name(), *view, {}, context.level()));
  return {};
}

}  // namespace tamada::ctl
