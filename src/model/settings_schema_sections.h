// The parts of the settings table, one file a section. Only settings_schema.cc puts them together.
#pragma once

#include <span>

#include "model/settings_schema.h"

namespace tamada::schema {

std::span<const SettingRow> general_rows();
std::span<const SettingRow> restapi_rows();
std::span<const SettingRow> etcd_rows();
std::span<const SettingRow> store_rows();
std::span<const SettingRow> authentication_rows();
std::span<const SettingRow> postgresql_rows();
std::span<const SettingRow> dynamic_rows();

}  // namespace tamada::schema
