#include "store/etcd3/etcd3_watch.h"

#include <algorithm>

#include <fmt/format.h>

namespace tamada::etcd3 {

namespace {

constexpr Duration kFirstGap = 100ms;  // before the watch is set up again
constexpr Duration kLongestGap = 1s;
constexpr Duration kLasting = 5s;  // a watch that held this long is set up again at once
constexpr Duration kCatchUp = 1s;  // a change that was read must arrive on the stream within this
constexpr std::size_t kMaxDocument = std::size_t{64} << 20;

std::int64_t newest_revision(const StoredKeys& keys) {
  std::int64_t newest = 0;
  for (const auto& [path, key] : keys) newest = std::max(newest, key.revision);
  return newest;
}

}  // namespace

Task<std::variant<Picture, Fault>> read_picture(Etcd3Client& client, const Etcd3Keys& keys, Instant deadline) {
  auto outcome = co_await client.call("/kv/range", range_prefix_body(keys.prefix), deadline);
  if (auto* fault = std::get_if<Fault>(&outcome)) co_return std::move(*fault);
  auto range = parse_range(std::get<Answer>(outcome).body);
  if (!range) co_return Fault{FaultKind::Garbled, false, range.error()};
  co_return Picture{stored_keys(range->kvs, keys.prefix), range->header.cluster_id, range->header.revision};
}

void Etcd3Watch::start(StoreListener& listener) {
  if (listener_ != nullptr) return;
  listener_ = &listener;
  scope_.spawn(run());
}

Task<void> Etcd3Watch::run() {
  Duration gap{0};
  int failures = 0;  // since the last one that lasted
  for (;;) {
    const Instant began = clock_.now();
    published_ = false;
    const Error why = co_await follow();
    if (published_ && clock_.now() - began >= kLasting) failures = 0;
    // Once since the last view: the listener knows already.
    if (published_ || failures == 0) listener_->on_watch_lost(why);
    log_.debug("watch broken ({} in a row): {}", ++failures, why.text());
    gap = failures == 1 ? Duration::zero() : std::clamp(gap * 2, kFirstGap, kLongestGap);
    if (gap > Duration::zero()) co_await clock_.sleep_for(gap);
  }
}

Task<Error> Etcd3Watch::follow() {
  auto read = co_await read_picture(client_, keys_, clock_.now() + client_.config().retry_timeout);
  if (auto* fault = std::get_if<Fault>(&read)) co_return fault->error;
  picture_ = std::get<Picture>(std::move(read));
  partial_.clear();
  const std::string body = watch_prefix_body(keys_.prefix, picture_.revision + 1);
  auto opened = co_await client_.open("/watch", body, clock_.now() + client_.config().retry_timeout / 2);
  publish();  // also without the stream: the view is current now
  if (auto* fault = std::get_if<Fault>(&opened)) co_return fault->error;
  auto stream = std::get<Etcd3Client::Stream>(std::move(opened));
  auto broken = co_await consume(stream);
  if (broken->code != ErrorCode::NotFound) client_.stream_failed(stream.node, *broken);
  co_return *broken;
}

// Never ends well.
Task<std::optional<Error>> Etcd3Watch::consume(Etcd3Client::Stream& stream) {
  for (;;) {
    auto bytes = co_await stream.stream->read(clock_.now() + client_.config().watch_check);
    if (bytes) {
      if (bytes->empty()) co_return Error(ErrorCode::Unavailable, "etcd ended the watch");
      if (auto broken = take(*bytes)) co_return broken;
      continue;
    }
    if (bytes.error().code != ErrorCode::Timeout) co_return bytes.error();
    const std::uint64_t before = messages_;
    if (co_await check() == std::nullopt) continue;
    // Something should be here; it may be on its way.
    const Instant patience = clock_.now() + kCatchUp;
    while (clock_.now() < patience && messages_ == before) {
      auto more = co_await stream.stream->read(patience);
      if (!more) break;
      if (more->empty()) co_return Error(ErrorCode::Unavailable, "etcd ended the watch");
      if (auto broken = take(*more)) co_return broken;
    }
    if (auto missing = co_await check(); missing && messages_ == before) co_return missing;
  }
}

// nullopt: what we have is what is stored.
Task<std::optional<Error>> Etcd3Watch::check() {
  const Instant deadline = clock_.now() + std::max<Duration>(client_.config().watch_check, kCatchUp);
  auto outcome = co_await client_.call("/kv/range", newest_of_prefix_body(keys_.prefix), deadline);
  if (auto* fault = std::get_if<Fault>(&outcome)) co_return fault->error;
  auto newest = parse_range(std::get<Answer>(outcome).body);
  if (!newest) co_return newest.error();
  const std::int64_t stored = newest->kvs.empty() ? 0 : newest->kvs.front().mod_revision;
  const std::int64_t known = newest_revision(picture_.keys);
  const auto count = static_cast<std::size_t>(newest->count);
  if (count == picture_.keys.size() && stored == known) co_return std::nullopt;
  co_return Error(ErrorCode::Unavailable,
                  fmt::format("the watch fell silent: {} keys up to revision {} are stored, {} up to {} arrived", count,
                              stored, picture_.keys.size(), known));
}

// Documents are separated by line ends, which JSON text does not contain.
std::optional<Error> Etcd3Watch::take(std::string_view bytes) {
  partial_ += bytes;
  std::size_t from = 0;
  bool changed = false;
  std::optional<Error> broken;
  for (std::size_t end = 0; !broken && (end = partial_.find('\n', from)) != std::string::npos; from = end + 1) {
    const std::string_view document(partial_.data() + from, end - from);
    if (document.empty()) continue;
    ++messages_;
    auto parsed = parse_watch(document);
    if (auto* fault = std::get_if<Fault>(&parsed)) {
      broken = fault->error;
    } else {
      const WatchMessage& message = std::get<WatchMessage>(parsed);
      broken = apply(message);
      changed = changed || !message.events.empty();
    }
  }
  partial_.erase(0, std::min(from, partial_.size()));
  if (partial_.size() > kMaxDocument) broken = Error(ErrorCode::Protocol, "a document of the watch is too large");
  if (changed && !broken) publish();
  return broken;
}

std::optional<Error> Etcd3Watch::apply(const WatchMessage& message) {
  if (message.canceled) {
    return Error(ErrorCode::NotFound,
                 fmt::format("the watch's revision was compacted away ({})", message.compact_revision));
  }
  for (const WatchEvent& event : message.events) {
    if (!event.kv.key.starts_with(keys_.prefix)) continue;
    const std::string path = event.kv.key.substr(keys_.prefix.size());
    if (event.deleted) {
      picture_.keys.erase(path);
    } else {
      picture_.keys[path] = stored_key(event.kv);
    }
  }
  if (!message.events.empty()) picture_.revision = std::max(picture_.revision, message.header.revision);
  return std::nullopt;
}

void Etcd3Watch::publish() {
  published_ = true;
  ClusterView view = picture_.view();
  keys_.optime_needed = needs_optime_leader(view);
  listener_->on_view(std::move(view));
}

}  // namespace tamada::etcd3
