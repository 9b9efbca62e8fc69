// The files of dashboard/ as they are, built in (cmake/embed_files.cmake).
#pragma once

#include <string_view>

namespace tamada {

extern const std::string_view kDashboardHtml;
extern const std::string_view kDashboardCss;
extern const std::string_view kDashboardJs;

}  // namespace tamada
