// The parts of model/settings_build.h, a section each.
#pragma once

#include <set>
#include <string>

#include "model/settings.h"
#include "model/settings_reader.h"

namespace tamada {

DynamicSettings build_dynamic(SettingReader& in);
// All of postgresql but the parameters.
PostgresSettings build_postgresql(SettingReader& in, const Settings* previous, const std::set<std::string>& methods);
BootstrapSettings build_bootstrap(SettingReader& in);
WatchdogSettings build_watchdog(SettingReader& in);
RestApiSettings build_restapi(SettingReader& in, Compatibility level, const Settings* previous);
CtlSettings build_ctl(SettingReader& in, Compatibility level, const RestApiSettings& restapi);
LogSettings build_log(SettingReader& in);
EtcdSettings build_etcd(SettingReader& in, const std::string& section);
Tags build_tags(SettingReader& in);

}  // namespace tamada
