package yclients

import (
	"bytes"
	"errors"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"strconv"
	"strings"
)

// ImageUpload is the body of [ImagesService.Upload]: a picture and what it
// shows. Of the ids the one that the entity of the path names is needed.
type ImageUpload struct {
	CompanyID int64
	ServiceID int64
	StaffID   int64 // master_id

	Image       []byte
	FileName    string // "image" when empty
	ContentType string // as image/jpeg; found from the bytes by the API when empty
}

// ImageRemoval is the body of [ImagesService.Delete].
type ImageRemoval struct {
	ImageGroupID int64
}

// form is a body that is not JSON.
type form interface {
	write(w *multipart.Writer) error
}

// encodeBody returns a body and its content type.
func encodeBody(body any) (data []byte, contentType string, err error) {
	f, ok := body.(form)
	if !ok {
		data, err = encodeRequest(body)
		return data, "application/json", err
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := f.write(w); err != nil {
		return nil, "", err
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), w.FormDataContentType(), nil
}

func (u *ImageUpload) write(w *multipart.Writer) error {
	if u == nil || len(u.Image) == 0 {
		return errors.New("there is no image")
	}
	for _, id := range []struct {
		name  string
		value int64
	}{{"company_id", u.CompanyID}, {"service_id", u.ServiceID}, {"master_id", u.StaffID}} {
		if id.value == 0 {
			continue
		}
		if err := w.WriteField(id.name, strconv.FormatInt(id.value, 10)); err != nil {
			return err
		}
	}
	name, kind := u.FileName, u.ContentType
	if name == "" {
		name = "image"
	}
	if kind == "" {
		kind = "application/octet-stream"
	}
	if strings.ContainsAny(name+kind, "\r\n\"") {
		return errors.New("the name or type of the image has a quote or a line break")
	}
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="image"; filename="%s"`, name)},
		"Content-Type":        {kind},
	})
	if err != nil {
		return err
	}
	_, err = part.Write(u.Image)
	return err
}

func (r *ImageRemoval) write(w *multipart.Writer) error {
	if r == nil || r.ImageGroupID == 0 {
		return errors.New("there is no image group")
	}
	return w.WriteField("image_group_id", strconv.FormatInt(r.ImageGroupID, 10))
}
