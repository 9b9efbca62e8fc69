#include "app/daemon.h"

#include <cerrno>
#include <cstring>

#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include "api/api_server.h"
#include "app/daemon_settings.h"
#include "base/async.h"
#include "base/invariant.h"
#include "base/text.h"
#include "base/version.h"
#include "engine/engine.h"
#include "host/blocking_pool.h"
#include "host/callback_runner.h"
#include "host/file_local_state.h"
#include "host/linux_watchdog.h"
#include "host/run_directory.h"
#include "host/service_manager.h"
#include "host/signals.h"
#include "host/system_clock.h"
#include "net/curl_transport.h"
#include "net/resolver.h"
#include "peers/rest_peers.h"
#include "postgres/host_resolver.h"
#include "postgres/libpq_status_query.h"
#include "postgres/local_data.h"
#include "postgres/local_health.h"
#include "postgres/local_server.h"
#include "postgres/local_sql.h"
#include "store/catalogue/store_catalogue.h"

namespace tamada {

namespace {

constexpr Duration kCallbackFarewell = 5s;

class PostgresNames final : public HostResolver {
 public:
  explicit PostgresNames(Resolver& resolver) : resolver_(resolver) {}
  Task<Result<std::vector<std::string>>> resolve(std::string host, Instant deadline) override {
    return resolver_.resolve(std::move(host), deadline);
  }

 private:
  Resolver& resolver_;
};

// What the daemon is made of, in the order in which it must be destroyed backwards.
class Daemon {
 public:
  Daemon(boost::asio::io_context& io, SystemClock& clock, BlockingPool& pool, DaemonSettings& settings,
         Resolver& resolver, OpenedStore store, const RunDirectory& run, QueuedLogSink& sink, Logger log)
      : io_(io),
        executor_(io.get_executor()),
        clock_(clock),
        settings_(settings),
        sink_(sink),
        log_(log),
        names_(resolver),
        peers_http_(
            executor_, [this] { return clock_.now(); }, peers_http_settings(now()), resolver),
        store_(std::move(store)),
        peers_(executor_, clock, peers_http_, log.named("peers")),
        pg_{executor_, clock, pool, names_},
        query_(pg_, now()),
        server_(executor_, clock, pool, query_, now(), log.named("postgresql")),
        data_(pg_, now(), log.named("postgresql")),
        sql_(pg_, now(), log.named("postgresql")),
        health_(pg_, now()),
        watchdog_(clock, pool, log.named("watchdog")),
        callbacks_(executor_, clock, now(), log.named("callback")),
        local_(clock, pool, {run.path(), now().postgresql.data_dir}),
        engine_(executor_,
                {clock, random_, settings, *store_.store, server_, data_, sql_, peers_, watchdog_, callbacks_, local_,
                 health_},
                log),
        api_(engine_, log.named("api")),
        manager_(clock, [this] { return engine_.snapshot()->status; }),
        telling_(executor_),
        main_(executor_) {
    peers_.update_settings(now());
    watchdog_.update_settings(now().watchdog, now().dynamic.ttl, now().dynamic.loop_wait);
    settings.on_change([this](const Settings& changed) { take(changed); });
  }

  int run() {
    Signals signals(executor_, {.reload = [this] { reload(); },
                                .shutdown =
                                    [this] {
                                      manager_.stopping();
                                      engine_.submit(ShutdownRequest{}, {});
                                    },
                                .detach =
                                    [this] {
                                      manager_.stopping();
                                      engine_.submit(DetachRequest{}, {});
                                    },
                                .dump = [this] { dump(); }});
    set_invariant_dump([this] { dump(); });
    int code = 1;
    auto body = [](Daemon& me, int& result) -> Task<void> {
      me.telling_.spawn(me.manager_.keep_telling());
      result = co_await me.engine_.run([&me] { return me.serve(); });
      me.api_.stop();
      co_await me.health_.stop();
      co_await me.callbacks_.finish(me.clock_.now() + kCallbackFarewell);
      co_await me.peers_.stop();
      co_await me.telling_.stop();
      me.io_.stop();
    };
    main_.spawn(body(*this, code));
    io_.run();
    set_invariant_dump(nullptr);
    return code;
  }

 private:
  const Settings& now() const { return *settings_.current(); }

  // What is not the engine's: it gives the rest to its ports itself.
  void take(const Settings& changed) {
    Result<void> logged = sink_.update_settings(changed.log);
    if (!logged) log_.error("log settings were not taken: {}", logged.error().text());
    peers_http_.update_settings(peers_http_settings(changed));
    peers_.update_settings(changed);
    store_.update_settings(changed);
    data_.update_settings(changed);
    sql_.update_settings(changed);
    health_.update_settings(changed);
    if (api_.port() == 0) return;  // not listening yet
    Result<void> listening = api_.reload(changed.restapi);
    if (!listening) log_.error("REST API settings were not taken: {}", listening.error().text());
  }

  Result<void> serve() {
    Result<void> listening = api_.start(now().restapi);
    if (!listening) return listening.error().wrap("REST API could not be started");
    manager_.ready();
    return listening;
  }

  void reload() {
    manager_.reloading();
    engine_.submit(ReloadRequest{}, [this](OperatorReply) { manager_.reloaded(); });
  }

  void dump() {
    const auto snapshot = engine_.snapshot();
    log_.info("last decision: {} {}: {}", snapshot->explanation.rule, snapshot->status, snapshot->explanation.because);
    sink_.flush();
  }

  boost::asio::io_context& io_;
  Executor executor_;
  SystemClock& clock_;
  DaemonSettings& settings_;
  QueuedLogSink& sink_;
  Logger log_;
  SystemRandom random_;
  PostgresNames names_;
  CurlTransport peers_http_;
  OpenedStore store_;
  RestPeers peers_;
  PgContext pg_;
  LibpqStatusQuery query_;
  LocalPostgresServer server_;
  LocalPostgresData data_;
  LocalPostgresSql sql_;
  LocalHealthProbes health_;
  LinuxWatchdog watchdog_;
  CallbackRunner callbacks_;
  FileLocalState local_;
  Engine engine_;
  ApiServer api_;
  ServiceManager manager_;
  TaskScope telling_;
  TaskScope main_;
};

}  // namespace

int run_daemon(DaemonOptions options, QueuedLogSink& sink) {
  Logger log(sink, "tamada");
  if (geteuid() == 0) {
    log.critical(
        "postgres refuses to run as root, and so does this daemon; start it as the user that owns the data directory");
    return 1;
  }
  boost::asio::io_context io;
  SystemClock clock;
  BlockingPool pool(clock);
  auto files = FileSettingsSource::open(
      {.path = options.config_path, .variables = std::move(options.variables), .pool = &pool, .clock = &clock},
      log.named("config"));
  if (!files) {
    log.critical("{}", files.error().text());
    return 1;
  }
  DaemonSettings settings(std::move(*files));
  const Settings& first = *settings.current();
  Result<void> logging = sink.update_settings(first.log);
  if (!logging) log.error("log settings were not taken: {}", logging.error().text());
  SystemResolver resolver(io.get_executor(), [&clock] { return clock.now(); });
  Result<OpenedStore> store = open_store({io.get_executor(), clock, resolver, log}, first);
  if (!store) {
    log.critical("{}", store.error().text());
    return 1;
  }
  Result<RunDirectory> run = RunDirectory::open({first.scope, first.name, first.postgresql.data_dir});
  if (!run) {
    log.critical("{}", run.error().text());
    return 1;
  }
  log.info("tamada {} starts as member {} of cluster {}", own_version(), first.name, first.scope);
  if (!options.ignored_libpq_variables.empty())
    log.info("not used for own connections: {}", join(options.ignored_libpq_variables, ", "));
  Daemon daemon(io, clock, pool, settings, resolver, std::move(*store), *run, sink, log);
  const int code = daemon.run();
  log.info("tamada ends with exit code {}", code);
  return code;
}

}  // namespace tamada
