#include "analysis/graph_svg.h"

#include "analysis/graph_picture.h"
#include "analysis/graph_xml.h"
#include "base/strings.h"

namespace hark {
namespace {

// White around letters (SVG 2; a reader of SVG 1.1 shows the letters alone).
constexpr char kHalo[] = " paint-order=\"stroke\" stroke=\"#fff\" stroke-width=\"3\"";

std::string Number(std::string_view name, double value) {
  return StrCat(" ", name, "=\"", PixelText(value), "\"");
}

std::string Title(const std::vector<std::string>& facts) {
  return StrCat("<title>", XmlText(Join(facts, "\n")), "</title>");
}

std::string Path(const PictureLine& line) {
  std::string out = StrCat("M", PixelText(line.from.x), " ", PixelText(line.from.y));
  if (!line.straight) out += StrCat("Q", PixelText(line.bend.x), " ", PixelText(line.bend.y), " ");
  if (line.straight) out += "L";
  return out + StrCat(PixelText(line.to.x), " ", PixelText(line.to.y));
}

// A few lines one by one, with what they mean; many as one path, which is a tenth of the size.
std::string LinesOfKind(const ClusterGraph& graph, const std::vector<PictureLine>& lines) {
  const bool titles = graph.links.size() <= kMostLineTitles;
  std::string out;
  if (!titles) out += "<path d=\"";
  for (const PictureLine& line : lines) {
    if (!titles) {
      out += Path(line);
      continue;
    }
    const std::string fact = LinkFact(graph, graph.links[line.link]);
    out += StrCat("<path d=\"", Path(line), "\">", Title({fact}), "</path>\n");
  }
  return titles ? out : out + "\"/>\n";
}

std::string Casing(const std::vector<PictureLine>& lines, double width) {
  std::string out = StrCat("<path fill=\"none\" stroke=\"#8a8f98\"",
                           Number("stroke-width", width + 0.8), " d=\"");
  for (const PictureLine& line : lines) out += Path(line);
  return out + "\"/>\n";
}

std::string Lines(const ClusterGraph& graph, const ClusterPicture& picture) {
  std::string out;
  for (size_t kind = 0; kind < graph.kinds.size(); ++kind) {
    const std::string& colour = graph.kinds[kind].colour;
    if (IsPale(RgbOf(colour))) out += Casing(picture.lines[kind], picture.line_width);
    out += StrCat("<g class=\"links\" fill=\"none\" stroke=\"", XmlText(colour), "\"",
                  Number("stroke-width", picture.line_width), " data-label=\"",
                  XmlText(graph.kinds[kind].label), "\">\n",
                  LinesOfKind(graph, picture.lines[kind]), "</g>\n");
  }
  return out;
}

std::string Dot(const ClusterGraph& graph, const PictureDot& dot, SvgUse use) {
  std::vector<std::string> facts = NodeFacts(graph, dot.node);
  // A page of several pictures stays small: of hosts in a crowd it names the address and the AS.
  const bool crowd = graph.nodes() > kMostNodesWithFacts && !graph.is_key(dot.node);
  if (use == SvgUse::kInPage && crowd) facts.resize(1);
  const std::string title = Title(facts);
  if (graph.is_key(dot.node)) {
    return StrCat("<rect class=\"key\"", Number("x", dot.at.x - dot.radius),
                  Number("y", dot.at.y - dot.radius), Number("width", 2 * dot.radius),
                  Number("height", 2 * dot.radius), " fill=\"#222\" stroke=\"#fff\">", title,
                  "</rect>\n");
  }
  const std::string colour = XmlText(graph.hosts[dot.node].colour);
  const std::string paint = dot.ring ? StrCat(" fill=\"#fff\" stroke=\"", colour, "\"",
                                              Number("stroke-width", kRingWidth))
                                     : StrCat(" fill=\"", colour, "\"");
  return StrCat("<circle class=\"host\"", Number("cx", dot.at.x), Number("cy", dot.at.y),
                Number("r", dot.radius), paint, ">", title, "</circle>\n");
}

std::string Texts(const ClusterPicture& picture) {
  std::string out = "<g font-family=\"DejaVu Sans, Verdana, sans-serif\">\n";
  for (const PictureText& text : picture.texts) {
    out += StrCat("<text", Number("x", text.at.x), Number("y", text.at.y),
                  Number("font-size", text.size), text.centred ? " text-anchor=\"middle\"" : "",
                  text.on_lines ? kHalo : "", " fill=\"", text.faint ? "#666" : "#111", "\">",
                  XmlText(text.text), "</text>\n");
  }
  return out + "</g>\n";
}

std::string Swatches(const ClusterPicture& picture) {
  const double scale = picture.scale;
  std::string out;
  for (const PictureSwatch& swatch : picture.swatches) {
    const std::string fill = StrCat(" fill=\"", XmlText(swatch.colour), "\"/>\n");
    if (swatch.line) {
      out += StrCat("<rect", Number("x", swatch.at.x - 8 * scale),
                    Number("y", swatch.at.y - 3 * scale), Number("width", 20 * scale),
                    Number("height", 5 * scale), " stroke=\"#8a8f98\" stroke-width=\"0.5\"", fill);
    } else {
      out += StrCat("<circle", Number("cx", swatch.at.x + 2 * scale), Number("cy", swatch.at.y),
                    Number("r", 6 * scale), " stroke=\"#333\" stroke-width=\"0.7\"", fill);
    }
  }
  return out;
}

std::string Opening(const ClusterGraph& graph, const ClusterPicture& picture, SvgUse use) {
  const std::string size = StrCat(PixelText(picture.width), " ", PixelText(picture.height));
  const std::string label = XmlText(GraphTitle(graph));
  switch (use) {
    case SvgUse::kDocument:
      return StrCat(
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg "
          "xmlns=\"http://www.w3.org/2000/svg\"",
          Number("width", picture.width), Number("height", picture.height), " viewBox=\"0 0 ", size,
          "\">\n<title>", label, "</title>\n");
    case SvgUse::kInPage:
      return StrCat("<svg class=\"cluster\" viewBox=\"0 0 ", size, "\" role=\"img\" aria-label=\"",
                    label, "\">\n");
  }
  return "";
}

}  // namespace

std::string GraphAsSvg(const ClusterGraph& graph, const GraphLayout& layout, SvgUse use) {
  const ClusterPicture picture = Compose(graph, layout);
  std::string out = Opening(graph, picture, use);
  // White whatever is behind it: the paper's colours were chosen on paper.
  out += "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
  out += Lines(graph, picture);
  out += "<g class=\"nodes\" stroke=\"#333\" stroke-width=\"0.7\">\n";
  for (const PictureDot& dot : picture.dots) out += Dot(graph, dot, use);
  out += "</g>\n" + Swatches(picture) + Texts(picture);
  return out + "</svg>\n";
}

}  // namespace hark
