#include "envpack/packaging/requirements_file.hpp"

#include "support/conformance.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::packaging {
namespace {

using Texts = std::vector<std::string>;
using Reading = RequirementsFile::Reading;
using Files = std::map<std::string, std::string, std::less<>>;

Reading reading_of(const Files& files) {
    return {.load = [&files](std::string_view path) -> Result<std::string> {
                const auto found = files.find(path);
                if (found == files.end()) {
                    return fail(ErrorCode::not_found, "no file `" + std::string(path) + "`");
                }
                return found->second;
            },
            .variable = [](std::string_view name) -> std::optional<std::string> {
                return name == "TOKEN" ? std::optional<std::string>("secret") : std::nullopt;
            }};
}

RequirementsFile parse(std::string_view text, const Files& files = {}, bool constraints = false) {
    Reading reading = reading_of(files);
    reading.is_constraints = constraints;
    auto file = RequirementsFile::parse(text, "req/main.txt", reading);
    EXPECT_TRUE(file) << text << "\n" << (file ? "" : file.error().render());
    return file ? *std::move(file) : RequirementsFile{};
}

Texts shown(const std::vector<RequirementLine>& lines) {
    Texts result;
    for (const RequirementLine& line : lines) {
        std::string text = line.editable ? "-e " : "";
        text += line.requirement ? line.requirement->to_string() : "";
        text += line.location.empty() ? "" : "<" + line.location + ">";
        result.push_back(text + " " + line.origin());
    }
    return result;
}

TEST(RequirementsFile, JoinsLinesAndDropsCommentsAsPip) {
    const auto file = parse(
        "\xEF\xBB\xBF# comment\r\n"
        "\r\n"
        "foo == 1.0 # why\r\n"
        "bar>=1, \\\r\n"
        "    <2\r\n"
        "url @ https://host.example/x#egg=y\n"
        "a \\\n"
        "# ends the joined line\n"
        "b\n"
        "   # indented\n"
        "c\\\n");
    EXPECT_EQ(shown(file.requirements),
              (Texts{"foo==1.0 req/main.txt:3", "bar<2,>=1 req/main.txt:4",
                     "url @ https://host.example/x#egg=y req/main.txt:6", "a req/main.txt:7",
                     "b req/main.txt:9", "c req/main.txt:11"}));
}

TEST(RequirementsFile, ReadsUtf16WithAByteOrderMark) {
    std::string little = "\xFF\xFE";
    std::string big = "\xFE\xFF";
    for (const char c : std::string("foo==1\n")) {
        little += {c, '\0'};
        big += {'\0', c};
    }
    EXPECT_EQ(shown(parse(little).requirements), (Texts{"foo==1 req/main.txt:1"}));
    EXPECT_EQ(shown(parse(big).requirements), (Texts{"foo==1 req/main.txt:1"}));
    const auto latin = RequirementsFile::parse("# caf\xE9\nfoo\n", "r.txt", {});
    ASSERT_FALSE(latin);
    EXPECT_EQ(latin.error().hint(), "save it as UTF-8");
}

TEST(RequirementsFile, ReplacesVariablesThatAreSet) {
    const auto file = parse(
        "--index-url https://${TOKEN}@index.example/simple\n"
        "a @ https://host.example/${UNSET}/${lower}/$TOKEN/${TOKEN}\n");
    EXPECT_EQ(file.index_url, "https://secret@index.example/simple");
    EXPECT_EQ(file.requirements[0].requirement->url,
              "https://host.example/${UNSET}/${lower}/$TOKEN/secret");
}

TEST(RequirementsFile, ReadsTheOptionsThatPipReads) {
    const auto file = parse(
        "-i https://index.example/a --extra-index-url=https://index.example/b\n"
        "--extra-index https://index.example/c\n"
        "-fwheels -f 'my wheels'\n"
        "--pre --prefer-binary --no-index --trusted-host index.example\n"
        "--only-binary :all: --no-binary=foo\n"
        "--require-hashes\n");
    EXPECT_EQ(file.index_url, "https://index.example/a");
    EXPECT_EQ(file.extra_index_urls, (Texts{"https://index.example/b", "https://index.example/c"}));
    EXPECT_EQ(file.find_links,
              (std::vector<FindLinks>{{"wheels", "req/main.txt"}, {"my wheels", "req/main.txt"}}));
    EXPECT_TRUE(file.pre && file.prefer_binary && file.no_index && file.hash_mode());
    EXPECT_EQ(file.trusted_hosts, Texts{"index.example"});
    EXPECT_FALSE(file.formats.allows_wheel(*PackageName::parse("foo")));
    EXPECT_FALSE(file.formats.allows_sdist(*PackageName::parse("bar")));
    EXPECT_TRUE(file.notes.empty());
}

TEST(RequirementsFile, HashesBelongToTheirRequirementAndTurnOnHashMode) {
    const std::string hex(64, 'A');
    const auto file = parse("foo==1 ; os_name == 'posix' \\\n  --hash=sha256:" + hex +
                            " \\\n  --hash sha512:" + std::string(128, '0') + "\nbar\n");
    ASSERT_EQ(file.requirements.size(), 2u);
    ASSERT_EQ(file.requirements[0].hashes.size(), 2u);
    EXPECT_EQ(file.requirements[0].hashes[0].hex, std::string(64, 'a'));
    EXPECT_EQ(file.requirements[0].text, "foo==1 ; os_name == 'posix'");
    EXPECT_TRUE(file.hash_mode());
    EXPECT_FALSE(parse("foo --hash=sha256:" + hex + "\n--no-require-hashes\n").hash_mode());
    EXPECT_FALSE(parse("foo\n").hash_mode());
}

TEST(RequirementsFile, UnderstandsPathsUrlsAndEditables) {
    const auto file = parse(
        "./folder[b,a] ; os_name == 'x'\n"
        "wheels/foo_bar-1.0-py3-none-any.whl\n"
        "https://host.example/foo_bar-1.0%2Bcu1-py3-none-any.whl#sha256=aa\n"
        "git+https://host.example/r@main#egg=named[x]&subdirectory=y\n"
        "git+ssh://git@host.example/r\n"
        "archive-1.0.tar.gz\n"
        "-e ./local\n"
        "-e git+https://host.example/r#egg=ed\n"
        "-e 'ed2 @ file:///src/ed2'\n");
    EXPECT_EQ(shown(file.requirements),
              (Texts{"<./folder> req/main.txt:1",
                     "foo-bar==1.0<wheels/foo_bar-1.0-py3-none-any.whl> req/main.txt:2",
                     "foo-bar @ https://host.example/foo_bar-1.0%2Bcu1-py3-none-any.whl#sha256=aa "
                     "req/main.txt:3",
                     "named[x] @ git+https://host.example/r@main#egg=named[x]&subdirectory=y "
                     "req/main.txt:4",
                     "<git+ssh://git@host.example/r> req/main.txt:5",
                     "<archive-1.0.tar.gz> req/main.txt:6", "-e <./local> req/main.txt:7",
                     "-e ed @ git+https://host.example/r#egg=ed req/main.txt:8",
                     "-e ed2 @ file:///src/ed2 req/main.txt:9"}));
    EXPECT_EQ(file.requirements[0].extras.size(), 2u);
    EXPECT_TRUE(file.requirements[0].marker);
}

TEST(RequirementsFile, IncludesAreRelativeToTheIncludingFile) {
    const Files files = {{"req/sub/dev.txt", "dev\n-r ../base.txt\n-c cons.txt\n"},
                         {"req/base.txt", "base\n"},
                         {"req/sub/cons.txt", "pin==1\n-c https://host.example/a/c.txt\n"},
                         {"https://host.example/a/c.txt", "far==2\n-c ../d.txt\n"},
                         {"https://host.example/d.txt", "further==3\n"},
                         {"/abs/r.txt", "absolute\n"}};
    const auto file = parse("-r sub/dev.txt\n-r base.txt\n--requirement=/abs/r.txt\n", files);
    EXPECT_EQ(shown(file.requirements), (Texts{"dev req/sub/dev.txt:1", "base req/base.txt:1",
                                               "base req/base.txt:1", "absolute /abs/r.txt:1"}));
    EXPECT_EQ(shown(file.constraints),
              (Texts{"pin==1 req/sub/cons.txt:1", "far==2 https://host.example/a/c.txt:1",
                     "further==3 https://host.example/d.txt:1"}));
}

TEST(RequirementsFile, CyclesAndMultiplyingIncludesEnd) {
    const Files cycle = {{"req/a.txt", "-r b.txt\n"}, {"req/b.txt", "-r ../req/a.txt\n"}};
    const auto again = RequirementsFile::parse("-r a.txt\n", "req/main.txt", reading_of(cycle));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().message(), "`req/a.txt` includes itself");
    EXPECT_FALSE(RequirementsFile::parse("-r ./main.txt\n", "main.txt", reading_of(cycle)));

    Files doubling;
    for (int i = 0; i < 40; ++i) {
        const std::string next = std::to_string(i + 1) + ".txt";
        doubling["req/" + std::to_string(i) + ".txt"] = "-r " + next + "\n-r " + next + "\n";
    }
    doubling["req/40.txt"] = "x\n";
    const auto many = RequirementsFile::parse("-r 0.txt\n", "req/main.txt", reading_of(doubling));
    ASSERT_FALSE(many);
    EXPECT_EQ(many.error().code(), ErrorCode::limit_exceeded);
}

struct BadLine {
    std::string_view text;
    std::string_view message;
    std::string_view hint;
};

TEST(RequirementsFile, ATypoIsShownWithItsPlaceAndAHint) {
    const std::vector<BadLine> table = {
        {"foo=1.0", "not a valid requirement: expected a version specifier, `;` or the end",
         "did you mean `foo==1.0`?"},
        {"foo --hash=sha256:abc", "a hash of sha256 has 64 hexadecimal digits, not `abc`", ""},
        {"foo --hash=md5:abc", "`md5:abc` is no hash that pip accepts",
         "write `--hash=sha256:…`; sha384 and sha512 also count"},
        {"--requirment x", "unknown option `--requirment`",
         "did you mean `--requirement` or `--require-hashes`?"},
        {"--require", "the option `--require` can mean `--requirement` or `--require-hashes`", ""},
        {"-U foo", "unknown option `-U`",
         "this option belongs on the command line, not in a requirements file"},
        {"-r", "the option `--requirement` needs a value", ""},
        {"--pre=1", "the option `--pre` takes no value", ""},
        {"-e 'x", "a quote is not closed", ""},
        {"-e foo @ file:///src/foo", "the value of `-e` ends at the space",
         "put quotes around a value with spaces"},
        {"-r missing.txt", "no file `req/missing.txt`", ""},
    };
    for (const BadLine& row : table) {
        const auto file = RequirementsFile::parse("ok\n" + std::string(row.text) + "\n",
                                                  "req/main.txt", reading_of({}));
        ASSERT_FALSE(file) << row.text;
        EXPECT_EQ(file.error().message(), row.message);
        EXPECT_EQ(file.error().hint(), row.hint) << row.text;
        ASSERT_EQ(file.error().contexts().size(), 1u);
        EXPECT_EQ(file.error().contexts()[0], "while reading req/main.txt:2");
    }
}

TEST(RequirementsFile, AForgottenSpaceBeforeABackslashIsNoPath) {
    for (const std::string_view text :
         {"foo==1.0\\\n-i https://index.example", "foo\\\n-i https://index.example"}) {
        EXPECT_FALSE(RequirementsFile::parse(text, "r.txt", {})) << text;
    }
}

TEST(RequirementsFile, SecretsAreNeverShown) {
    for (const std::string_view text :
         {"a @ https://u:${TOKEN}@host.example/x y", "--pre=1 -i https://${TOKEN}@host.example/",
          "a @ https://u:secret@host.example/x y", "-i https://u:secret@host.example/ --unknown",
          "a @ https://host.example/?${TOKEN} y"}) {
        const auto file = RequirementsFile::parse(text, "r.txt", reading_of({}));
        ASSERT_FALSE(file) << text;
        EXPECT_EQ(file.error().render().find("secret"), std::string::npos) << file.error().render();
    }
    const auto bad = Requirement::parse("a @ https://u:secret@host.example/x y; os_name");
    EXPECT_EQ(bad.error().span()->input, "a @ https://host.example/x y; os_name");
    EXPECT_EQ(bad.error().span()->offset, 27u);
    const auto file = parse(
        "a @ https://${TOKEN}@host.example/\n-e git+https://u:p@host.example/r#egg=x\n"
        "-e git+https://${TOKEN}@host.example/r#egg=y --pre\n");
    EXPECT_EQ(file.requirements[2].text, "git+https://host.example/r#egg=y");
    EXPECT_EQ(file.requirements[0].text, "a @ https://host.example/");
    EXPECT_EQ(file.requirements[0].requirement->url, "https://secret@host.example/");
    EXPECT_EQ(file.requirements[1].text, "git+https://host.example/r#egg=x");
}

TEST(RequirementsFile, ConstraintsObeyPipsRules) {
    const std::string hash = "--hash=sha256:" + std::string(64, '0');
    const std::vector<std::pair<std::string, std::string_view>> table = {
        {"-e ./x", "constraints.editable"},
        {"foo[x]==1", "constraints.extras"},
        {"./folder", "constraints.unnamed"},
        {"https://host.example/archive.tar.gz", "constraints.unnamed"},
        {"foo==1 " + hash, "constraints.hash"},
        {"-r other.txt", "constraints.include"},
    };
    for (const auto& [text, rule] : table) {
        Reading reading = reading_of({});
        reading.is_constraints = true;
        const auto file = RequirementsFile::parse(text, "c.txt", reading);
        ASSERT_FALSE(file) << text;
        EXPECT_EQ(file.error().rule(), rule);
        EXPECT_FALSE(file.error().hint().empty());
    }
    const auto fine = parse(
        "foo<2\nbare\nx @ https://host.example/x.tar.gz\nw-1.0-py3-none-any.whl\n"
        "y==1; os_name == 'nt'\n# only a comment\n--pre\n",
        {}, true);
    EXPECT_EQ(fine.constraints.size(), 5u);
    EXPECT_TRUE(fine.requirements.empty());
    EXPECT_TRUE(fine.pre);
}

TEST(RequirementsFile, WhatHasNoEffectIsNoted) {
    const std::string hash = "--hash=sha256:" + std::string(64, '0');
    EXPECT_EQ(
        parse("foo --pre\n" + hash + "\n--pre left https://u:p@host.example/\n").notes,
        (Texts{"req/main.txt:1: `--pre` has no effect here",
               "req/main.txt:2: `--hash` has no effect here",
               "req/main.txt:3: `left` after an option has no effect here",
               "req/main.txt:3: `https://host.example/` after an option has no effect here"}));
}

TEST(RequirementArgument, IsWhatPipAcceptsOnItsCommandLine) {
    const auto line = parse_requirement_argument(" torch>=2 ", "command line");
    ASSERT_TRUE(line) << line.error().render();
    EXPECT_EQ(line->requirement->to_string(), "torch>=2");
    EXPECT_EQ(line->origin(), "command line");
    EXPECT_EQ(line->text, "torch>=2");
    EXPECT_EQ(parse_requirement_argument(".", "x")->location, ".");
    EXPECT_FALSE(parse_requirement_argument("bad-wheel.whl", "x"));
}

TEST(RequirementsFileConformance, SeedFilesAreRead) {
    if (const auto reason = support::conformance_missing(); !reason.empty()) {
        GTEST_SKIP() << reason;
    }
    std::size_t count = 0;
    const auto folder = support::conformance_folder() / "seeds";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        const bool constraints = name.starts_with("constraints");
        if (!entry.is_regular_file() || entry.path().extension() != ".txt" ||
            !(constraints || entry.path().string().find("requirements") != std::string::npos)) {
            continue;
        }
        const auto text = read_file(entry.path(), Limits{}.max_text);
        ASSERT_TRUE(text) << text.error().render();
        const Reading reading{.is_constraints = constraints, .load = [](std::string_view path) {
                                  return read_file(std::string(path), Limits{}.max_text);
                              }};
        const auto file = RequirementsFile::parse(*text, entry.path().string(), reading);
        EXPECT_TRUE(file) << file.error().render();
        ++count;
    }
    EXPECT_GT(count, 0u);
}

}  // namespace
}  // namespace envpack::packaging
