#include "postgres/clone_watch.h"

#include <charconv>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "host/blocking_pool.h"
#include "postgres/directory_size.h"
#include "postgres/pg_connection.h"

namespace tamada {

namespace {

// At most 20,000 files a second are looked at, and as long a pause again between two rounds.
constexpr int kEntriesAtOnce = 2000;
constexpr Duration kPortionPause = 100ms;
constexpr Duration kRoundPause = 2s;
constexpr Duration kPortionPatience = 60s;
constexpr std::chrono::seconds kSizePatience{60};  // the source looks at every file of its own

Task<void> measure_directory(DataContext context) {
  for (;;) {
    const Instant began = context.pg.clock.now();
    auto size = std::make_shared<DirectorySize>(context.data_dir());
    bool complete = false;
    while (!complete) {
      auto looked = co_await context.pg.pool.run(
          "measuring the data directory", [size] { return Result<bool>(size->look_on(kEntriesAtOnce)); },
          context.pg.clock.now() + kPortionPatience);
      // The thread may still be at it: `size` is not touched any more.
      if (!looked) break;
      complete = *looked;
      if (!complete) co_await context.pg.clock.sleep_for(kPortionPause);
    }
    if (complete) context.progress->set_done(size->bytes());
    co_await context.pg.clock.sleep_for(std::max<Duration>(kRoundPause, context.pg.clock.now() - began));
  }
}

Task<void> ask_size(DataContext context, ConnectTarget source) {
  PgSessionOptions options;
  options.conninfo = make_conninfo(context.postgres().superuser, source, context.postgres().database);
  options.conninfo.set("krbsrvname", context.postgres().krbsrvname);
  options.statement_timeout = kSizePatience;
  const Instant deadline = context.pg.clock.now() + kSizePatience;
  PgConnection connection(context.pg);
  auto opened = co_await connection.open(std::move(options), deadline);
  if (!opened) {
    context.log.debug("how large the source is could not be asked: {}", opened.error().text());
    co_return;
  }
  auto answer = co_await connection.query("SELECT sum(pg_tablespace_size(oid))::bigint FROM pg_tablespace", deadline);
  if (!answer) {
    context.log.debug("how large the source is was not answered: {}", answer.error().text());
    co_return;
  }
  const std::string text = answer->value(0, 0);
  std::int64_t bytes = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (ec == std::errc() && end == text.data() + text.size()) context.progress->set_total(bytes);
}

}  // namespace

Task<void> watch_clone(DataContext context, std::optional<ConnectTarget> source) {
  using namespace boost::asio::experimental::awaitable_operators;
  if (source) {
    co_await (measure_directory(context) && ask_size(context, *source));
  } else {
    co_await measure_directory(context);
  }
}

}  // namespace tamada
