# what: FROM of an image that is not mapped
# is: refused: Dockerfile:3: `alpine:3.20` is not an image of the plan
FROM alpine:3.20
CMD ["echo", "ok"]
