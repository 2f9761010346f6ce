#include "cli/graph_png.h"

#include <cairo.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "analysis/graph_picture.h"
#include "base/strings.h"

namespace hark {
namespace {

// Twice the SVG's size, so that names can be read on a good screen.
constexpr double kScale = 2;
constexpr double kPi = 3.14159265358979324;

struct DestroySurface {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
};
struct DestroyContext {
  void operator()(cairo_t* context) const { cairo_destroy(context); }
};

class Painter {
 public:
  Painter(const ClusterPicture& picture, const ClusterGraph& graph)
      : picture_(picture), graph_(graph) {
    const double longer = std::max(picture.width, picture.height);
    const double scale = std::min(kScale, kMostPixels / longer);
    surface_.reset(cairo_image_surface_create(CAIRO_FORMAT_RGB24,
                                              static_cast<int>(std::ceil(picture.width * scale)),
                                              static_cast<int>(std::ceil(picture.height * scale))));
    context_.reset(cairo_create(surface_.get()));
    cairo_scale(context(), scale, scale);
    cairo_select_font_face(context(), "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           CAIRO_FONT_WEIGHT_NORMAL);
  }

  void Paint() {
    Colour({255, 255, 255});
    cairo_paint(context());
    for (size_t kind = 0; kind < graph_.kinds.size(); ++kind) PaintLines(kind);
    cairo_set_line_width(context(), 0.7);
    for (const PictureDot& dot : picture_.dots) PaintDot(dot);
    for (const PictureSwatch& swatch : picture_.swatches) PaintSwatch(swatch);
    for (const PictureText& text : picture_.texts) PaintText(text);
  }

  Result<std::string> Png() {
    std::string out;
    const auto append = [](void* to, const unsigned char* bytes, unsigned n) {
      static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(bytes), n);
      return CAIRO_STATUS_SUCCESS;
    };
    const cairo_status_t painted = cairo_status(context());
    const cairo_status_t status =
        painted != CAIRO_STATUS_SUCCESS
            ? painted
            : cairo_surface_write_to_png_stream(surface_.get(), append, &out);
    if (status != CAIRO_STATUS_SUCCESS) {
      return Unavailable(StrCat("cannot paint the picture: ", cairo_status_to_string(status)));
    }
    return out;
  }

 private:
  cairo_t* context() { return context_.get(); }

  void Colour(Rgb rgb) {
    cairo_set_source_rgb(context(), rgb.red / 255.0, rgb.green / 255.0, rgb.blue / 255.0);
  }

  void PaintLines(size_t kind) {
    const Rgb rgb = RgbOf(graph_.kinds[kind].colour);
    for (const PictureLine& line : picture_.lines[kind]) {
      // SVG's quadratic curve as cairo's cubic one.
      const auto third = [&](const GraphPoint& end) {
        return GraphPoint{(end.x + 2 * line.bend.x) / 3, (end.y + 2 * line.bend.y) / 3};
      };
      const GraphPoint a = third(line.from);
      const GraphPoint b = third(line.to);
      cairo_move_to(context(), line.from.x, line.from.y);
      cairo_curve_to(context(), a.x, a.y, b.x, b.y, line.to.x, line.to.y);
      if (IsPale(rgb)) {
        Colour({0x8a, 0x8f, 0x98});
        cairo_set_line_width(context(), picture_.line_width + 0.8);
        cairo_stroke_preserve(context());
      }
      Colour(rgb);
      cairo_set_line_width(context(), picture_.line_width);
      cairo_stroke(context());
    }
  }

  void FillWithRim(Rgb inside, Rgb rim) {
    Colour(inside);
    cairo_fill_preserve(context());
    Colour(rim);
    cairo_stroke(context());
  }

  void PaintDot(const PictureDot& dot) {
    if (graph_.is_key(dot.node)) {
      cairo_rectangle(context(), dot.at.x - dot.radius, dot.at.y - dot.radius, 2 * dot.radius,
                      2 * dot.radius);
      return FillWithRim({0x22, 0x22, 0x22}, {255, 255, 255});
    }
    cairo_new_sub_path(context());
    cairo_arc(context(), dot.at.x, dot.at.y, dot.radius, 0, 2 * kPi);
    const Rgb colour = RgbOf(graph_.hosts[dot.node].colour);
    if (!dot.ring) return FillWithRim(colour, {0x33, 0x33, 0x33});
    cairo_save(context());
    cairo_set_line_width(context(), kRingWidth);
    FillWithRim({255, 255, 255}, colour);
    cairo_restore(context());
  }

  void PaintSwatch(const PictureSwatch& swatch) {
    const double scale = picture_.scale;
    if (swatch.line) {
      cairo_rectangle(context(), swatch.at.x - 8 * scale, swatch.at.y - 3 * scale, 20 * scale,
                      5 * scale);
    } else {
      cairo_new_sub_path(context());
      cairo_arc(context(), swatch.at.x + 2 * scale, swatch.at.y, 6 * scale, 0, 2 * kPi);
    }
    FillWithRim(RgbOf(swatch.colour), {0x33, 0x33, 0x33});
  }

  void PaintText(const PictureText& text) {
    cairo_set_font_size(context(), text.size);
    cairo_text_extents_t extents;
    cairo_text_extents(context(), text.text.c_str(), &extents);
    cairo_move_to(context(), text.at.x - (text.centred ? extents.width / 2 : 0), text.at.y);
    cairo_text_path(context(), text.text.c_str());
    if (text.on_lines) {
      Colour({255, 255, 255});
      cairo_set_line_width(context(), 3);
      cairo_stroke_preserve(context());
    }
    Colour(text.faint ? Rgb{0x66, 0x66, 0x66} : Rgb{0x11, 0x11, 0x11});
    cairo_fill(context());
  }

  const ClusterPicture& picture_;
  const ClusterGraph& graph_;
  std::unique_ptr<cairo_surface_t, DestroySurface> surface_;
  std::unique_ptr<cairo_t, DestroyContext> context_;
};

}  // namespace

Result<std::string> GraphAsPng(const ClusterGraph& graph, const GraphLayout& layout) {
  const ClusterPicture picture = Compose(graph, layout);
  Painter painter(picture, graph);
  painter.Paint();
  return painter.Png();
}

}  // namespace hark
