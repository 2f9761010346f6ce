#pragma once

// Files that cmake/HarkEmbed.cmake puts into the program when it is built.

#include <string_view>

namespace hark {

// D3's modules for selections, zooming, dragging and forces, in the order they need each other, and
// their licence (BSD-3-Clause).
std::string_view EmbeddedD3();
std::string_view EmbeddedD3Licence();
// cli/graph_page.js and cli/graph_page.css.
std::string_view EmbeddedGraphScript();
std::string_view EmbeddedGraphStyle();

}  // namespace hark
