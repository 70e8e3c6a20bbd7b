#include "envpack/cuda/ngc_images.hpp"

#include <gtest/gtest.h>

namespace envpack::cuda {
namespace {

TEST(NgcImages, KnowsWhatIsBehindATag) {
    const auto images = ngc_pytorch_images().value();
    ASSERT_FALSE(images.empty());
    for (std::size_t i = 1; i < images.size(); ++i) {
        EXPECT_LT(images[i - 1].tag, images[i].tag);
        EXPECT_TRUE(images[i].torch.is_prerelease()) << images[i].tag;
    }
    const NgcPytorchImage& last = images.back();
    EXPECT_EQ(last.image, "nvcr.io/nvidia/pytorch:" + last.tag + "-py3");
}

TEST(NgcImages, RowsThatNobodyCheckedAreLeftOut) {
    const auto images = ngc_pytorch_images().value();
    for (const NgcPytorchImage& image : images) {
        EXPECT_NE(image.tag, "26.10");  // the table has no data for it
    }
}

}  // namespace
}  // namespace envpack::cuda
