#include "envpack/pipeline/freeze.hpp"

#include <string>

#include <gtest/gtest.h>

namespace envpack::pipeline {
namespace {

TEST(SbomFormat, IsWhatTheNameTells) {
    EXPECT_EQ(sbom_format_of("a/app.cdx.json").value(), FreezeFormat::cyclonedx);
    EXPECT_EQ(sbom_format_of("app.spdx.json").value(), FreezeFormat::spdx);
    for (const char* const other :
         {"app.json", "app.cdx.xml", "a.cdx.json/app", "", "APP.CDX.JSON"}) {
        EXPECT_EQ(sbom_format_of(other).error().rule(), "sbom.file-name") << other;
    }
}

TEST(SbomFormat, NamesOfSubjectsTellNoFolderOfThisMachine) {
    struct Row {
        const char* source;
        const char* name;
    };
    const Row rows[] = {
        {"oci:/home/me/image:v1", "image"},
        {"oci:image/", "image"},
        {"oci-archive:/home/me/app.tar:v1", "app"},
        {"docker-archive:/home/me/app.tar", "app"},
        {"docker-archive:/home/me/app.tar:team/app:1", "team/app:1"},
        {"docker-archive:/home/me/app.tar:@1", "app"},
        {"python:/home/me/venv", "venv"},
        {"dir:/home/me/root/", "root"},
        {"freeze:-", "environment"},
        {".", "environment"},
        {"", "environment"},
    };
    for (const Row& row : rows) {
        const auto text = render({.source = row.source}, FreezeFormat::spdx, {}, {});
        ASSERT_TRUE(text) << text.error().render();
        EXPECT_NE(text->find("\"name\": \"" + std::string(row.name) + "\""), std::string::npos)
            << row.source << '\n'
            << *text;
        EXPECT_EQ(text->find("home/me"), std::string::npos) << row.source;
    }
}

}  // namespace
}  // namespace envpack::pipeline
